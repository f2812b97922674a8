import type { Reference, Scope, ScopeManager, Variable } from "eslint-scope";
import type { Identifier, MemberExpression, Node, Program } from "estree";
import { isHelper } from "./bundler-helpers.js";
import { isEnum, isFlat, isReadingMethod, isTable, valuesIn } from "./module-literals.js";
import { isChanged, isNeverRun, memberName, nodesOf, parentsOf } from "./module-tree.js";

/** Functions of `Object` that only look at what they are given. */
const LOOKING = new Set(["entries", "fromEntries", "hasOwn", "keys", "values"]);

/** Properties by which an object leads to its class, and from there to what all of its kind share. */
const WAYS_TO_SHARED = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Whether a module leaves what stands at its top as it is while it runs: it sets no property of that or of a
 * global, and lends no table to anyone who could. An imprint at the end of a run would not tell of a change that
 * was taken back, such as of a count of those at work.
 *
 * @param top the scope of the module, one of `scopes`
 */
export function leavesItsTopAlone(program: Program, { scopes }: ScopeManager, top: Scope): boolean {
  const uses = new Uses(program);
  return (
    scopes.flatMap(({ variables }) => variables).every((one) => !isNamed(one) || uses.areReadings(one)) &&
    top.variables.every((variable) => uses.areReadings(variable)) &&
    top.through.every((reference) => isPlumbing(reference) || uses.isReading(reference)) &&
    uses.changesNoClass()
  );
}

class Uses {
  readonly #program: Program;
  readonly #parents: ReadonlyMap<Node, Node>;

  constructor(program: Program) {
    this.#program = program;
    this.#parents = parentsOf(program);
  }

  areReadings({ defs, references }: Variable): boolean {
    const declaration = defs[0]?.node as Node | undefined;
    const init = declaration?.type === "VariableDeclarator" ? declaration.init : undefined;
    return references.every((reference) => {
      // Its only setting is that of the declaration.
      if (reference.isWrite() || this.#isNeverRun(reference.identifier as Node)) return true;
      if (!this.isReading(reference)) return false;
      if (init?.type === "CallExpression" && isEnum(init)) {
        return (
          this.#isWithin(reference.identifier as Node, init) || this.#keepsToItself(reference, undefined)
        );
      }
      return !isTable(init) || this.#keepsToItself(reference, init as Node);
    });
  }

  /** Whether no property is set of it, nor of what it leads to. */
  isReading({ identifier }: Reference): boolean {
    const path = this.#pathFrom(identifier as Node);
    return path.length === 0 || !isChanged(path.at(-1) as Node, this.#parents);
  }

  /** Whether nothing is set by way of an object's class, nor by a class's own methods. */
  changesNoClass(): boolean {
    for (const node of nodesOf(this.#program)) {
      if (node.type === "MemberExpression" && WAYS_TO_SHARED.has(memberName(node) ?? "")) {
        const path = this.#pathFrom(node);
        if (isChanged(path.at(-1) ?? node, this.#parents)) return false;
      }
      if (node.type === "MethodDefinition" && node.static && this.#setsOfThis(node.value)) return false;
      // A constructor that gives another object lets a class leave private marks on that.
      if (node.type === "MethodDefinition" && node.kind === "constructor" && givesAnother(node.value))
        return false;
    }
    return true;
  }

  #setsOfThis(method: Node): boolean {
    for (const node of nodesOf(method)) {
      if (node.type !== "ThisExpression") continue;
      const path = this.#pathFrom(node);
      if (path.length > 0 && isChanged(path.at(-1) as Node, this.#parents)) return true;
    }
    return false;
  }

  /**
   * Whether a table is only looked at: what is taken out of it is no table, or is only looked at in turn.
   * @param table `undefined` for one that holds none, such as an enum
   */
  #keepsToItself({ identifier }: Reference, table: Node | undefined): boolean {
    const path = this.#pathFrom(identifier as Node);
    let found: readonly Node[] = table ? [table] : [];
    let holder: readonly Node[] = [];
    for (const member of path) {
      holder = found;
      found = found.flatMap((value) => valuesIn(value, memberName(member)));
    }
    const last = path.at(-1) ?? (identifier as Node);
    if (path.length === 0) return this.#isLookedAt(last) && found.every(isFlat);
    // What esbuild puts into the exports of a module is not seen here.
    if (table?.type === "ObjectExpression" && table.properties.length === 0) return false;
    if (found.some(isTable)) return this.#isLookedAt(last) && found.filter(isTable).every(isFlat);
    if (!this.#isCalled(last) || found.length > 0) return true;
    return isReadingMethod(memberName(path.at(-1) as MemberExpression)) && holder.every(isFlat);
  }

  /** Whether it stands where a table is read and not handed on. */
  #isLookedAt(node: Node): boolean {
    const parent = this.#parents.get(node);
    switch (parent?.type) {
      case "ForOfStatement":
      case "ForInStatement":
        return parent.right === node;
      case "SpreadElement":
        return true;
      case "BinaryExpression":
        return parent.operator === "in" && parent.right === node;
      case "VariableDeclarator":
        return parent.init === node && parent.id.type !== "Identifier";
      case "ArrowFunctionExpression":
        return this.#isExport(parent);
      case "CallExpression":
        return parent.callee !== node && isLooking(parent.callee);
      default:
        return false;
    }
  }

  /** `__export(exports, { make: () => make })`: nobody asks for more than `make`. */
  #isExport(getter: Node): boolean {
    const property = this.#parents.get(getter);
    const exported = property && this.#parents.get(property);
    const call = exported && this.#parents.get(exported);
    return property?.type === "Property" && call?.type === "CallExpression" && isLooking(call.callee);
  }

  #isCalled(node: Node): boolean {
    const parent = this.#parents.get(node);
    if (parent?.type === "ChainExpression") return this.#isCalled(parent);
    return (
      (parent?.type === "CallExpression" && parent.callee === node) ||
      parent?.type === "TaggedTemplateExpression"
    );
  }

  /** The members that are read of it, one of another: of `a` in `a.b.c`, `a.b` and `a.b.c`. */
  #pathFrom(node: Node): readonly MemberExpression[] {
    const path: MemberExpression[] = [];
    let parent = this.#parents.get(node);
    for (let at = node; ; at = parent, parent = this.#parents.get(parent)) {
      if (!parent) break;
      if (parent.type === "MemberExpression" && parent.object === at) path.push(parent);
      else if (parent.type !== "ChainExpression" || this.#parents.get(parent)?.type !== "MemberExpression")
        break;
    }
    return path;
  }

  #isNeverRun(node: Node): boolean {
    for (let at: Node | undefined = node; at; at = this.#parents.get(at)) if (isNeverRun(at)) return true;
    return false;
  }

  #isWithin(node: Node, outer: Node): boolean {
    for (let at: Node | undefined = node; at; at = this.#parents.get(at)) if (at === outer) return true;
    return false;
  }
}

/** The name of a class or of a function, which stands within it as well, as a variable of its own. */
function isNamed({ defs }: Variable): boolean {
  return defs.some(({ type }) => type === "ClassName" || type === "FunctionName");
}

/** Where these may stand, `module-state.ts` says. */
function isPlumbing({ identifier }: Reference): boolean {
  return ["exports", "module"].includes((identifier as Identifier).name);
}

/** `Object.keys` and the like; and what esbuild does to a module's exports. */
function isLooking(callee: Node): boolean {
  if (callee.type === "Identifier") return isHelper(callee.name);
  return (
    callee.type === "MemberExpression" &&
    (callee.object as Identifier).name === "Object" &&
    LOOKING.has(memberName(callee) ?? "")
  );
}

function givesAnother(method: Node): boolean {
  const isFunction = ({ type }: Node): boolean => /Function|Class/.test(type);
  for (const node of nodesOf(method, (one) => one !== method && isFunction(one))) {
    if (node.type === "ReturnStatement" && node.argument) return true;
  }
  return false;
}

import { parse } from "acorn";
import { analyze, type Scope, type Variable } from "eslint-scope";
import type {
  CallExpression,
  Class,
  Expression,
  Identifier,
  MemberExpression,
  Node,
  Program,
  Statement,
} from "estree";
import { helpersAreEsbuilds, isHelper } from "./bundler-helpers.js";
import { isEnum, valuesIn } from "./module-literals.js";
import { isChanged, isNeverRun, memberName, nodesOf, parentsOf } from "./module-tree.js";
import { leavesItsTopAlone } from "./module-uses.js";

/**
 * Globals that peers can share: they keep nothing but properties, which an imprint sees, or keep it for each
 * peer by itself (`globals/tenancy.ts`). Not `RegExp`: it tells of the last match.
 */
const SHAREABLE = new Set([
  ...["Array", "ArrayBuffer", "BigInt", "BigInt64Array", "BigUint64Array", "Boolean", "DataView", "Date"],
  ...["AggregateError", "Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError"],
  ...["Float32Array", "Float64Array", "Infinity", "Int16Array", "Int32Array", "Int8Array", "JSON", "Map"],
  ...["Math", "NaN", "Number", "Object", "Promise", "Proxy", "Reflect", "Set", "String", "Symbol"],
  ...["TextDecoder", "TextEncoder", "URIError", "Uint16Array", "Uint32Array", "Uint8Array"],
  ...["Uint8ClampedArray", "WeakMap", "WeakSet", "clearImmediate", "clearInterval", "clearTimeout"],
  ...["console", "decodeURIComponent", "encodeURIComponent", "isFinite", "isNaN", "parseFloat", "parseInt"],
  ...["performance", "queueMicrotask", "setImmediate", "setInterval", "setTimeout", "structuredClone"],
  ...["AbortController", "AbortSignal", "DOMException", "Event", "EventTarget", "FinalizationRegistry"],
  ...["WeakRef", "undefined"],
]);

/** Modules of which the same is true. */
const SHAREABLE_MODULES = new Set([
  ...["assert", "assert/strict", "events", "querystring", "string_decoder", "timers", "timers/promises"],
  ...["url", "util", "util/types", "whitewater"],
]);

/** Functions that make a primitive of primitives. */
const RECKONING = new Set(["BigInt", "Boolean", "Number", "String", "Symbol", "parseFloat", "parseInt"]);

/** Of these each peer has its own, which a module must not keep. */
const EACH_HAS_ITS_OWN = new Set(["console", "performance"]);

/**
 * Whether the incarnations of a raft.ts can share one evaluation of its module. They can if it keeps nothing
 * between two calls of `make`: no variable at its top is ever set again, none holds a `Map` or the like, none was
 * made by code that could keep one, and no property of what they hold is set (`module-uses.ts`). It may name only
 * those globals and modules that keep nothing either. What this cannot see at a glance it takes for state.
 *
 * @param text a bundle (`Program.raftText`)
 * @returns the names of what it declares at its top; `undefined` if it may keep something
 */
export function statelessModule(text: string): readonly string[] | undefined {
  try {
    return namesOf(parse(text, { ecmaVersion: "latest", ranges: true }) as unknown as Program, text);
  } catch (error) {
    // The peer that loads it tells of an error in it; a RangeError is of one that is nested too deeply for us.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function namesOf(program: Program, text: string): readonly string[] | undefined {
  const scopes = analyze(program as never, { ecmaVersion: 2022, sourceType: "script", nodejsScope: true });
  const top = scopes.globalScope?.childScopes[0];
  if (!top) return undefined;
  const module = new TopOfModule(program, top);
  const isStateless =
    helpersAreEsbuilds(program, text) &&
    top.variables.every(isSetOnce) &&
    program.body.every((statement) => module.isStateless(statement as Statement)) &&
    module.outerNames().every((name) => SHAREABLE.has(name)) &&
    leavesItsTopAlone(program, scopes, top);
  return isStateless
    ? top.variables.filter(({ defs }) => defs.length > 0).map(({ name }) => name)
    : undefined;
}

function isSetOnce({ name, defs, references }: Variable): boolean {
  if (name === "arguments") return references.length === 0; // those of the function around the module
  return defs.length <= 1 && references.every((reference) => !reference.isWrite() || reference.init === true);
}

/** The statements at the top of a module: what each may leave behind. */
class TopOfModule {
  readonly #scope: Scope;
  readonly #parents: ReadonlyMap<Node, Node>;
  /** Private names that are set somewhere, as `#name`. */
  readonly #setPrivately: ReadonlySet<string>;
  /** Names of CommonJS, where they stand for imports and exports. */
  readonly #plumbing = new Set<Node>();

  constructor(program: Program, scope: Scope) {
    this.#scope = scope;
    this.#parents = parentsOf(program);
    this.#setPrivately = privateNamesSet(program, this.#parents);
  }

  /** Of all that it names and does not declare, but for imports and exports. Names that it sets are "=". */
  outerNames(): readonly string[] {
    return this.#scope.through
      .filter(
        ({ identifier }) =>
          !this.#plumbing.has(identifier as Node) && !this.#isOfEnvironment(identifier as Node),
      )
      .map((reference) => (reference.isWrite() ? "=" : (reference.identifier as Identifier).name));
  }

  /** The `process` of `process.env.DEBUG`, which is the same for all peers: there is nothing in it. */
  #isOfEnvironment(node: Node): boolean {
    const env = this.#parents.get(node);
    const variable = env && this.#parents.get(env);
    return (
      isEnvironment(env) &&
      variable?.type === "MemberExpression" &&
      variable.object === env &&
      !isChanged(variable, this.#parents)
    );
  }

  isStateless(statement: Statement): boolean {
    switch (statement.type) {
      case "FunctionDeclaration":
      case "EmptyStatement":
        return true;
      case "ClassDeclaration":
        return this.#isStatelessClass(statement);
      case "VariableDeclaration":
        return statement.declarations.every(
          ({ id, init }) => id.type === "Identifier" && this.#keepsNothing(init),
        );
      case "ExpressionStatement":
        return (
          "directive" in statement ||
          this.#isHelpersCall(statement.expression) ||
          this.#isExport(statement.expression)
        );
      default:
        return false;
    }
  }

  /** Whether the value that it makes keeps nothing, but in properties. */
  #keepsNothing(node: Node | null | undefined): boolean {
    switch (node?.type) {
      case undefined:
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return true;
      case "ClassExpression":
        return this.#isStatelessClass(node);
      case "Identifier":
        return !EACH_HAS_ITS_OWN.has(node.name);
      case "LogicalExpression":
        return this.#keepsNothing(node.left) && this.#keepsNothing(node.right);
      case "ConditionalExpression":
        return [node.test, node.consequent, node.alternate].every((part) => this.#keepsNothing(part));
      case "ArrayExpression":
        return node.elements.every((element) => this.#keepsNothing(element));
      case "ObjectExpression":
        return node.properties.every(
          (property) =>
            property.type === "Property" &&
            property.kind === "init" &&
            (!property.computed || this.#isPrimitive(property.key)) &&
            !namesItself(property.value) &&
            this.#keepsNothing(property.value),
        );
      case "MemberExpression":
        return this.#isPlainMember(node);
      case "CallExpression":
        return this.#isRequire(node) || this.#isHelpersCall(node) || this.#isPureCall(node) || isEnum(node);
      default:
        return this.#isPrimitive(node);
    }
  }

  /** Whether it makes no object, and calls nothing of the module's own. */
  #isPrimitive(node: Node | null | undefined): boolean {
    switch (node?.type) {
      case "Literal":
        return !("regex" in node);
      case "TemplateLiteral":
        return node.expressions.every((part) => this.#isPrimitive(part));
      case "UnaryExpression":
        return node.operator !== "delete" && this.#isPrimitive(node.argument);
      case "BinaryExpression":
      case "LogicalExpression":
        return this.#isPrimitive(node.left) && this.#isPrimitive(node.right);
      case "ConditionalExpression":
        return [node.test, node.consequent, node.alternate].every((part) => this.#isPrimitive(part));
      case "Identifier":
        return (
          ["Infinity", "NaN", "undefined"].includes(node.name) || this.#isPrimitive(this.#initBefore(node))
        );
      case "MemberExpression":
        return this.#isPrimitiveMember(node);
      case "CallExpression":
        return this.#isPureCall(node) && node.arguments.every((argument) => this.#isPrimitive(argument));
      default:
        return false;
    }
  }

  /** What a variable holds that is set further up: one that is used before would never come to an end here. */
  #initBefore(node: Node): Node | undefined {
    const init = this.#initOf(node);
    return init && (init.range?.[1] ?? 0) <= (node.range?.[0] ?? 0) ? init : undefined;
  }

  /** What a variable at the top holds from the beginning; `undefined` if the node is no such variable. */
  #initOf(node: Node): Node | undefined {
    if (node.type !== "Identifier") return undefined;
    const declaration = this.#scope.set.get(node.name)?.defs[0]?.node as Node | undefined;
    return (declaration?.type === "VariableDeclarator" && declaration.init) || undefined;
  }

  /** `State.Leader`, `TIMES.heartbeat`, `Number.MAX_VALUE`. */
  #isPrimitiveMember(node: MemberExpression): boolean {
    const name = memberName(node);
    if (isEnvironment(node.object)) return true;
    if (name === undefined || node.object.type !== "Identifier") return false;
    if (this.#isGlobal(node.object)) return ["Math", "Number"].includes(node.object.name);
    const init = this.#initOf(node.object);
    if (init?.type === "CallExpression" && isEnum(init)) return true;
    const values = valuesIn(this.#initBefore(node.object), name);
    return values.length > 0 && values.every((value) => this.#isPrimitive(value));
  }

  /** What a global or another module has, or a primitive: no getter of the module's own, which could do anything. */
  #isPlainMember(node: MemberExpression): boolean {
    const { object } = node;
    if (memberName(node) === undefined) return false;
    if (object.type === "MemberExpression")
      return this.#isGlobal(object.object) && this.#isPlainMember(object);
    if (object.type !== "Identifier" || EACH_HAS_ITS_OWN.has(object.name)) return false;
    if (this.#isGlobal(object)) return true;
    const init = this.#initOf(object);
    return (init !== undefined && this.#isRequire(init)) || this.#isPrimitiveMember(node);
  }

  /** A call that only reckons, or makes a value of its arguments. */
  #isPureCall({ callee, arguments: args }: CallExpression): boolean {
    if (callee.type === "Identifier") {
      return (
        RECKONING.has(callee.name) && this.#isGlobal(callee) && args.every((one) => this.#isPrimitive(one))
      );
    }
    if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier") return false;
    if (!this.#isGlobal(callee.object)) return false;
    const name = memberName(callee);
    if (callee.object.name === "Object" && name === "freeze")
      return args.every((one) => this.#keepsNothing(one));
    return callee.object.name === "Math" && name !== "random" && args.every((one) => this.#isPrimitive(one));
  }

  #isGlobal(node: Node): boolean {
    return node.type === "Identifier" && !this.#scope.set.has(node.name);
  }

  #isHelpersCall(node: Node): boolean {
    return (
      node.type === "CallExpression" &&
      node.callee.type === "Identifier" &&
      isHelper(node.callee.name) &&
      node.arguments.every((argument) => argument.type === "ThisExpression" || this.#keepsNothing(argument))
    );
  }

  /** `require("whitewater")` and the like, also through esbuild's `__toESM`. */
  #isRequire(node: Node): boolean {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return false;
    const [first] = node.arguments;
    if (node.callee.name === "__toESM") return first !== undefined && this.#isRequire(first);
    const isRequire =
      node.callee.name === "require" &&
      first?.type === "Literal" &&
      SHAREABLE_MODULES.has(String(first.value).replace(/^node:/, ""));
    if (isRequire) this.#plumbing.add(node.callee);
    return isRequire;
  }

  /** `module.exports = __toCommonJS(exports)`, or `exports.make = ...` of a module that was CommonJS. */
  #isExport(node: Expression): boolean {
    if (isNeverRun(node)) {
      for (const name of nodesOf(node)) this.#plumbing.add(name);
      return true;
    }
    if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return false;
    const { object, computed } = node.left;
    if (computed || object.type !== "Identifier" || !["module", "exports"].includes(object.name))
      return false;
    this.#plumbing.add(object);
    return this.#keepsNothing(node.right);
  }

  #isStatelessClass({ superClass, body }: Class): boolean {
    return (
      (!superClass || this.#isKnownBase(superClass)) &&
      body.body.every((member) => {
        if (member.type === "StaticBlock") return member.body.every((statement) => this.#isNaming(statement));
        if (
          member.computed &&
          !this.#isPrimitive(member.key) &&
          !this.#isPlainMember(member.key as MemberExpression)
        )
          return false;
        if (member.type === "MethodDefinition" || !member.static) return true;
        const name = member.key.type === "PrivateIdentifier" ? `#${member.key.name}` : undefined;
        if (name !== undefined && this.#setPrivately.has(name)) return false;
        return !member.value || this.#isPrimitive(member.value) || this.#isFunction(member.value);
      })
    );
  }

  /** Also one that esbuild gives its name. */
  #isFunction(node: Node): boolean {
    if (node.type === "CallExpression" && this.#isHelpersCall(node))
      return node.arguments.some((one) => this.#isFunction(one));
    return /Function/.test(node.type) && !namesItself(node);
  }

  /** Another class of the module, or one that it is given: not a function that could give any object. */
  #isKnownBase(node: Node): boolean {
    if (node.type === "MemberExpression") return this.#isPlainMember(node);
    if (node.type !== "Identifier") return false;
    const declaration = this.#scope.set.get(node.name)?.defs[0]?.node as Node | undefined;
    return (
      this.#isGlobal(node) ||
      declaration?.type === "ClassDeclaration" ||
      this.#initOf(node)?.type === "ClassExpression"
    );
  }

  /** `__name(this, "Log")`, which esbuild puts into a class. */
  #isNaming(statement: Statement): boolean {
    return statement.type === "ExpressionStatement" && this.#isHelpersCall(statement.expression);
  }
}

/** Whether a function in a table names the table by `this`, and so could change it. */
function namesItself(value: Node): boolean {
  for (const { type } of nodesOf(value)) if (type === "ThisExpression" || type === "Super") return true;
  return false;
}

/** `process.env` */
function isEnvironment(node: Node | undefined): boolean {
  return (
    node?.type === "MemberExpression" &&
    memberName(node) === "env" &&
    node.object.type === "Identifier" &&
    node.object.name === "process"
  );
}

function privateNamesSet(program: Program, parents: ReadonlyMap<Node, Node>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of nodesOf(program)) {
    if (node.type !== "MemberExpression" || !isChanged(node, parents)) continue;
    const name = memberName(node);
    if (name?.startsWith("#")) names.add(name);
  }
  return names;
}

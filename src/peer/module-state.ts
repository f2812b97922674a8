import { parse } from "acorn";
import { analyze, type Scope, type Variable } from "eslint-scope";
import type {
  ArrowFunctionExpression,
  CallExpression,
  Class,
  Expression,
  Identifier,
  Node,
  Program,
  Statement,
} from "estree";

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
  ...["undefined"],
]);

/** Modules of which the same is true. */
const SHAREABLE_MODULES = new Set([
  ...["whitewater", "timers", "timers/promises", "node:timers", "node:timers/promises"],
]);

/** Of these each peer has its own, which a module must not keep. */
const EACH_HAS_ITS_OWN = new Set(["console", "performance"]);

/** Functions of esbuild's that make a module's exports of an object, or give a function its name. */
const BUNDLER_HELPERS = new Set(["__export", "__name", "__toCommonJS", "__toESM"]);

/**
 * Whether the incarnations of a raft.ts can share one evaluation of its module. They can if it keeps nothing
 * between two calls of `make` but in properties of what it declares at its top: no variable there is ever set
 * again, none holds a `Map` or the like, and none was made by code that could keep one. It may name only those
 * globals and modules that keep nothing either. What this cannot see at a glance it takes for state.
 *
 * @param text a bundle (`Program.raftText`)
 * @returns the names of what it declares at its top; `undefined` if it may keep something
 */
export function statelessModule(text: string): readonly string[] | undefined {
  const program = parsed(text);
  if (!program) return undefined;
  const scopes = analyze(program as never, { ecmaVersion: 2022, sourceType: "script", nodejsScope: true });
  const top = scopes.globalScope?.childScopes[0];
  if (!top) return undefined;
  const module = new TopOfModule(top);
  const isStateless =
    top.variables.every(isSetOnce) &&
    program.body.every((statement) => module.isStateless(statement as Statement)) &&
    module.outerNames().every((name) => SHAREABLE.has(name));
  return isStateless
    ? top.variables.filter(({ defs }) => defs.length > 0).map(({ name }) => name)
    : undefined;
}

function parsed(text: string): Program | undefined {
  try {
    return parse(text, { ecmaVersion: "latest", ranges: true }) as unknown as Program;
  } catch {
    return undefined; // the peer that loads it tells
  }
}

function isSetOnce({ name, defs, references }: Variable): boolean {
  if (name === "arguments") return references.length === 0; // those of the function around the module
  return defs.length <= 1 && references.every((reference) => !reference.isWrite() || reference.init === true);
}

/** The statements at the top of a module: what each may leave behind. */
class TopOfModule {
  readonly #scope: Scope;
  /** Names of CommonJS, where they stand for imports and exports. */
  readonly #plumbing = new Set<Node>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** Of all that it names and does not declare, but for imports and exports. Names that it sets are "=". */
  outerNames(): readonly string[] {
    return this.#scope.through
      .filter(({ identifier }) => !this.#plumbing.has(identifier as unknown as Node))
      .map((reference) => (reference.isWrite() ? "=" : (reference.identifier as Identifier).name));
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

  /** Whether the value that it makes keeps nothing but in properties. */
  #keepsNothing(node: Node | null | undefined): boolean {
    if (!node) return true;
    switch (node.type) {
      case "Literal":
        return !("regex" in node);
      case "ArrowFunctionExpression":
      case "FunctionExpression":
        return true;
      case "ClassExpression":
        return this.#isStatelessClass(node);
      case "Identifier":
        return !EACH_HAS_ITS_OWN.has(node.name);
      case "TemplateLiteral":
        return node.expressions.every((part) => this.#keepsNothing(part));
      case "UnaryExpression":
        return node.operator !== "delete" && this.#keepsNothing(node.argument);
      case "BinaryExpression":
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
            (!property.computed || this.#keepsNothing(property.key)) &&
            this.#keepsNothing(property.value),
        );
      case "MemberExpression":
        return this.#isPlainMember(node);
      case "CallExpression":
        return this.#isRequire(node) || this.#isHelpersCall(node) || this.#isPureCall(node) || isEnum(node);
      default:
        return false;
    }
  }

  /** `State.Leader`, `Number.MAX_VALUE`: no getter of the module's own, which could do anything. */
  #isPlainMember({ object, property, computed }: Node & { type: "MemberExpression" }): boolean {
    if (object.type === "MemberExpression")
      return this.#isGlobal(object.object) && this.#isPlainMember(object);
    if (object.type !== "Identifier" || EACH_HAS_ITS_OWN.has(object.name)) return false;
    if (computed && property.type !== "Literal") return false;
    if (this.#isGlobal(object)) return true;
    const declaration = this.#scope.set.get(object.name)?.defs[0]?.node as Node | undefined;
    const init = declaration?.type === "VariableDeclarator" ? declaration.init : undefined;
    return init?.type === "CallExpression" && (isEnum(init) || this.#isRequire(init));
  }

  /** A call that only reckons, or makes a value of its arguments. */
  #isPureCall({ callee, arguments: args }: CallExpression): boolean {
    if (!args.every((argument) => this.#keepsNothing(argument))) return false;
    if (callee.type === "Identifier") return callee.name === "Symbol" && this.#isGlobal(callee);
    if (callee.type !== "MemberExpression" || callee.computed || callee.object.type !== "Identifier")
      return false;
    if (!this.#isGlobal(callee.object) || callee.property.type !== "Identifier") return false;
    const called = `${callee.object.name}.${callee.property.name}`;
    return called === "Object.freeze" || (callee.object.name === "Math" && called !== "Math.random");
  }

  #isGlobal(node: Node): boolean {
    return node.type === "Identifier" && !this.#scope.set.has(node.name);
  }

  #isHelpersCall(node: Node): boolean {
    return (
      node.type === "CallExpression" &&
      node.callee.type === "Identifier" &&
      BUNDLER_HELPERS.has(node.callee.name) &&
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
      SHAREABLE_MODULES.has(String(first.value));
    if (isRequire) this.#plumbing.add(node.callee);
    return isRequire;
  }

  /** `module.exports = __toCommonJS(exports)`, or `exports.make = ...` of a module that was CommonJS. */
  #isExport(node: Expression): boolean {
    // `0 && (module.exports = { make })` is never run: it tells Node of the names.
    if (node.type === "LogicalExpression") return isZero(node.left) && this.#isExport(node.right);
    if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return false;
    const { object, computed } = node.left;
    if (computed || object.type !== "Identifier" || !["module", "exports"].includes(object.name))
      return false;
    this.#plumbing.add(object);
    return this.#keepsNothing(node.right);
  }

  #isStatelessClass({ superClass, body }: Class): boolean {
    const isKnownBase =
      !superClass || superClass.type === "Identifier" || superClass.type === "MemberExpression";
    return (
      isKnownBase &&
      body.body.every((member) => {
        if (member.type === "StaticBlock")
          return member.body.every((statement) => this.isStateless(statement));
        if (member.computed && !this.#keepsNothing(member.key)) return false;
        if (member.type === "MethodDefinition" || !member.static) return true;
        return member.key.type !== "PrivateIdentifier" && this.#keepsNothing(member.value);
      })
    );
  }
}

function isZero(node: Node): boolean {
  return node.type === "Literal" && node.value === 0;
}

/** What esbuild makes of an enum: `((State) => { State[State["Leader"] = 0] = "Leader"; return State; })(State || {})`. */
function isEnum({ callee, arguments: args }: CallExpression): boolean {
  const [seed] = args;
  if (callee.type !== "ArrowFunctionExpression" || callee.body.type !== "BlockStatement") return false;
  const isEmptySeed =
    seed?.type === "LogicalExpression" &&
    seed.left.type === "Identifier" &&
    seed.right.type === "ObjectExpression" &&
    seed.right.properties.length === 0;
  return isEmptySeed && args.length === 1 && fillsOnlyItsParameter(callee);
}

function fillsOnlyItsParameter({ params, body }: ArrowFunctionExpression): boolean {
  const [param] = params;
  if (param?.type !== "Identifier" || params.length !== 1 || body.type !== "BlockStatement") return false;
  const isParam = (node: Node): boolean => node.type === "Identifier" && node.name === param.name;
  const isConstant = (node: Node): boolean =>
    node.type === "Literal" ||
    (node.type === "UnaryExpression" && isConstant(node.argument)) ||
    (node.type === "BinaryExpression" && isConstant(node.left) && isConstant(node.right));
  const isFilled = (node: Node): boolean =>
    node.type === "AssignmentExpression" &&
    node.left.type === "MemberExpression" &&
    isParam(node.left.object) &&
    (isConstant(node.left.property) || isFilled(node.left.property)) &&
    isConstant(node.right);
  return body.body.every((statement) =>
    statement.type === "ReturnStatement"
      ? statement.argument != null && isParam(statement.argument)
      : statement.type === "ExpressionStatement" && isFilled(statement.expression),
  );
}

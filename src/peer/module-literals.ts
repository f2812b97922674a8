import type { ArrayExpression, CallExpression, Node } from "estree";

/** Methods of a table that leave it as it is. */
const READING = new Set([
  ...["at", "concat", "entries", "every", "filter", "find", "findIndex", "findLast", "flatMap", "forEach"],
  ...["hasOwnProperty", "includes", "indexOf", "join", "keys", "lastIndexOf", "map", "reduce", "slice"],
  ...["some", "toReversed", "toSorted", "toString", "values"],
]);

export function isReadingMethod(name: string | undefined): boolean {
  return name !== undefined && READING.has(name);
}

/** Whether the value of `node` is an object or array that a literal makes: a table that could be changed. */
export function isTable(node: Node | null | undefined): boolean {
  return tablesIn(node).length > 0;
}

/** The literals that may be the value of `node`. */
function tablesIn(node: Node | null | undefined): readonly Node[] {
  switch (node?.type) {
    case "ObjectExpression":
    case "ArrayExpression":
      return [node];
    case "LogicalExpression":
      return [node.left, node.right].flatMap(tablesIn);
    case "ConditionalExpression":
      return [node.consequent, node.alternate].flatMap(tablesIn);
    case "CallExpression":
      return node.arguments.flatMap(tablesIn); // `Object.freeze` gives back its own
    default:
      return [];
  }
}

/**
 * The expressions whose values may stand under `name` in a table; all of them where the name is not known, none
 * where it is that of a method, or missing.
 */
export function valuesIn(table: Node | null | undefined, name: string | undefined): readonly Node[] {
  return tablesIn(table).flatMap((literal) =>
    literal.type === "ArrayExpression" ? elementsOf(literal, name) : propertiesOf(literal, name),
  );
}

function elementsOf({ elements }: ArrayExpression, name: string | undefined): readonly Node[] {
  const found = name === undefined ? elements : /^\d+$/.test(name) ? [elements[Number(name)]] : [];
  return found.filter((element) => element != null) as readonly Node[];
}

function propertiesOf(literal: Node, name: string | undefined): readonly Node[] {
  if (literal.type !== "ObjectExpression") return [];
  return literal.properties.flatMap((property) => {
    if (property.type !== "Property") return [];
    const key = property.computed ? undefined : keyOf(property.key);
    return name === undefined || key === undefined || key === name ? [property.value as Node] : [];
  });
}

function keyOf(key: Node): string | undefined {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : undefined;
}

/** Whether a table holds no other tables. */
export function isFlat(table: Node): boolean {
  return !valuesIn(table, undefined).some(isTable);
}

/** What esbuild makes of an enum: `((State) => { State[State["Leader"] = 0] = "Leader"; return State; })(State || {})`. */
export function isEnum({ callee, arguments: args }: CallExpression): boolean {
  const [seed] = args;
  if (callee.type !== "ArrowFunctionExpression" || callee.body.type !== "BlockStatement") return false;
  const isEmptySeed =
    seed?.type === "LogicalExpression" &&
    seed.left.type === "Identifier" &&
    seed.right.type === "ObjectExpression" &&
    seed.right.properties.length === 0;
  const [param] = callee.params;
  if (!isEmptySeed || param?.type !== "Identifier" || callee.params.length !== 1) return false;
  return callee.body.body.every((statement) =>
    statement.type === "ReturnStatement"
      ? statement.argument?.type === "Identifier" && statement.argument.name === param.name
      : statement.type === "ExpressionStatement" && isMemberSet(statement.expression, param.name),
  );
}

/** `State[State["Leader"] = 0] = "Leader"`, of constants. */
function isMemberSet(node: Node, of: string): boolean {
  return (
    node.type === "AssignmentExpression" &&
    node.left.type === "MemberExpression" &&
    node.left.object.type === "Identifier" &&
    node.left.object.name === of &&
    (isConstant(node.left.property) || isMemberSet(node.left.property, of)) &&
    isConstant(node.right)
  );
}

function isConstant(node: Node): boolean {
  if (node.type === "UnaryExpression") return isConstant(node.argument);
  if (node.type === "BinaryExpression") return isConstant(node.left) && isConstant(node.right);
  return node.type === "Literal";
}

import { element, type PageElement } from "./dom.js";
import { type Cell, NONE, type TableData } from "./page-data.js";

type Direction = "ascending" | "descending";

/** A table whose columns sort it: a click on a heading, or Enter on it, once up and once down. */
export function sortableTable({ caption, columns, rows }: TableData): PageElement {
  const body = element("tbody");
  const headings = columns.map((title) => element("button", title));
  const cells = headings.map((button) => element("th", [button]));
  let sorted: { column: number; direction: Direction } | undefined;

  const show = (shown: TableData["rows"]): void => {
    body.replaceChildren(...shown.map((row) => element("tr", row.map(cellElement))));
  };
  const sortBy = (column: number): void => {
    const isAgain = sorted?.column === column && sorted.direction === "ascending";
    const direction = isAgain ? "descending" : "ascending";
    for (const cell of cells) cell.removeAttribute("aria-sort");
    cells[column]?.setAttribute("aria-sort", direction);
    sorted = { column, direction };
    show(sortedRows(rows, column, direction));
  };
  for (const [column, button] of headings.entries()) button.addEventListener("click", () => sortBy(column));

  show(rows);
  const table = element("table", [
    element("caption", caption),
    element("thead", [element("tr", cells)]),
    body,
  ]);
  return element("div", [table], "scroll");
}

/** Rows by one of their cells; those that have nothing there come last, whichever the direction. */
export function sortedRows(rows: TableData["rows"], column: number, direction: Direction): TableData["rows"] {
  const sign = direction === "ascending" ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [one, other] = [figureOf(a[column]), figureOf(b[column])];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * compare(one, other);
  });
}

function figureOf(cell: Cell | undefined): string | number | null {
  return cell === undefined || cell === NONE ? null : cell;
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function cellElement(cell: Cell): PageElement {
  if (typeof cell === "string") return element("td", cell, "text");
  return element("td", cell === null ? "n/a" : shown(cell));
}

/** Whole numbers as they are, others with three figures that count. */
function shown(value: number): string {
  if (Number.isInteger(value) || value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(value >= 1 ? 2 : 3);
}

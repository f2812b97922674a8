/**
 * As much of the browser as the page's script uses. The library of its types would put `window` and
 * `document` into every file of this project, most of which run where there is none.
 */
export interface PageElement {
  textContent: string | null;
  className: string;
  readonly clientWidth: number;
  append(...children: (PageElement | string)[]): void;
  replaceChildren(...children: PageElement[]): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  addEventListener(type: string, listener: () => void): void;
}

interface PageDocument {
  title: string;
  createElement(tag: string): PageElement;
  getElementById(id: string): PageElement | null;
}

interface PageWindow {
  readonly document: PageDocument;
  addEventListener(type: string, listener: () => void): void;
}

/** The browser's window. */
export const browser = globalThis as unknown as PageWindow;

/** A new element with a text or children. */
export function element(
  tag: string,
  content: string | readonly PageElement[] = "",
  className = "",
): PageElement {
  const made = browser.document.createElement(tag);
  if (className !== "") made.className = className;
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

/** @throws {Error} if the page has no element of this id */
export function byId(id: string): PageElement {
  const found = browser.document.getElementById(id);
  if (!found) throw new Error(`The page has no element ${id}.`);
  return found;
}

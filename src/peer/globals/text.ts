import { DOMException } from "./dom-exception.js";

/** The host's `TextEncoder`, whose `encode` gives Uint8Arrays of this realm. */
export function realmTextEncoder(HostEncoder: typeof TextEncoder): typeof TextEncoder {
  return class TextEncoder extends HostEncoder {
    override encode(text?: string) {
      return new Uint8Array(super.encode(text));
    }
  };
}

/** `atob` or `btoa` of the host, with errors of this realm. */
export function base64Function(convert: (text: string) => string): (text: string) => string {
  return (text) => {
    try {
      return convert(text);
    } catch (error) {
      const { name, message } = error as Error;
      throw new DOMException(message, name);
    }
  };
}

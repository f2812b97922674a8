import { once } from "node:events";
import { open as openInspector, waitForDebugger } from "node:inspector";
import { createServer } from "node:net";
import { whileBlocked } from "./terminal.js";

const HOST = "127.0.0.1";
/** Where chrome://inspect and editors look for a Node to debug. */
const KNOWN_PORT = 9229;

/**
 * Blocks until a debugger is there and lets the program run. It must be waited for as soon as its port is open: the
 * word of one that came before would be lost, and the wait would never end. Node prints the address.
 */
export async function awaitDebugger(): Promise<void> {
  const isFree = await isPortFree(KNOWN_PORT);
  console.log(
    isFree
      ? "whitewater: waiting for a debugger: open chrome://inspect, or attach an editor."
      : `whitewater: waiting for a debugger at the address below; port ${KNOWN_PORT} is taken, so tell chrome://inspect of it ("Configure").`,
  );
  whileBlocked(() => {
    openInspector(isFree ? KNOWN_PORT : 0, HOST);
    waitForDebugger();
  });
}

async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, HOST);
    await once(server, "listening"); // it rejects on an error
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

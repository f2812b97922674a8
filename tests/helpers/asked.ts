import type { Asker } from "../../src/labrpc/asker.js";
import type { RpcServer } from "../../src/labrpc/network.js";

/** What comes of what `ask` asks for. */
export function asked<Answer>(ask: (asker: Asker<Answer>) => void): Promise<Answer> {
  return new Promise((resolve, reject) => ask({ resolve, reject }));
}

/** The server's reply, as labgob's bytes. */
export function dispatched(
  server: RpcServer,
  svcMeth: string,
  args: Uint8Array = Uint8Array.of(),
): Promise<Uint8Array> {
  return asked((asker) => server.dispatch(svcMeth, args, asker));
}

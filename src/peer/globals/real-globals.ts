import { installCommonGlobals } from "./common-globals.js";
import { NodeModules } from "./node-modules.js";
import type { GlobalsOptions } from "./options.js";
import { realProcess } from "./process.js";
import { Tenancy } from "./tenancy.js";
import { realTimers } from "./timers.js";

/** The globals of Node over real time: nothing is forbidden, but no peer can end its thread. */
export function installRealGlobals(realm: typeof globalThis, options: GlobalsOptions): NodeModules {
  const { host, onError, console } = options;
  const tenancy = new Tenancy(); // of one, who has moved in
  passHostGlobals(realm, host.globals, tenancy);
  const own = installCommonGlobals(
    realm,
    options,
    tenancy,
    realTimers(host.globals, onError),
    () => host.globals.performance.now(),
    () => realProcess({ host, report: onError, console }),
  );
  const loaded = new Map<string, object>();
  return new NodeModules(host, own, undefined, () => loaded);
}

/** Everything that the main realm has and a bare realm has not: `fetch`, `Buffer`, `AbortController` ... */
function passHostGlobals(realm: object, host: object, tenancy: Tenancy): void {
  const makers: Record<string, () => unknown> = {};
  for (const name of Object.getOwnPropertyNames(host)) {
    if (!(name in realm)) makers[name] = () => Reflect.get(host, name);
  }
  tenancy.defineEach(realm, makers);
}

import test from "ava";
import { openRealm, quiescence } from "./helpers/realm.js";

const FILES = "files live outside the run, and what must survive a crash belongs in the Persister";
const NETWORK = "sockets live in real time, and peers talk through their ClientEnds";
const PROCESSES = "another thread or process runs in real time";
const MACHINE = "it shows or changes the real machine, which no replay can repeat";
const REAL_TIME = "it works in real time";
const PROCESS = "it shows or changes the real process";
const COMPILES = "another thread compiles, in real time; new WebAssembly.Module and Instance work";
const CRYPTO = "it uses real randomness, or answers from another thread in real time";

/** Ways to the real world: each with the call that its error names and the reason that it gives. */
const REFUSED: readonly { source: string; call: string; why: string }[] = [
  {
    source: "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    call: "Atomics.wait",
    why: "it would stop virtual time",
  },
  {
    source: "Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0)",
    call: "Atomics.waitAsync",
    why: "it would stop virtual time",
  },
  { source: "WebAssembly.compile(new Uint8Array(8))", call: "WebAssembly.compile", why: COMPILES },
  { source: "WebAssembly.instantiate(new Uint8Array(8))", call: "WebAssembly.instantiate", why: COMPILES },
  { source: "WebAssembly.instantiateStreaming()", call: "WebAssembly.instantiateStreaming", why: COMPILES },
  { source: "fetch('http://127.0.0.1/')", call: "fetch", why: REAL_TIME },
  { source: "new WebSocket('ws://127.0.0.1/')", call: "WebSocket", why: REAL_TIME },
  { source: "new MessageChannel()", call: "MessageChannel", why: REAL_TIME },
  { source: "new BroadcastChannel('b')", call: "BroadcastChannel", why: REAL_TIME },
  { source: "new Blob(['b'])", call: "Blob", why: REAL_TIME },
  { source: "new ReadableStream()", call: "ReadableStream", why: REAL_TIME },
  {
    source: "crypto.subtle.digest('SHA-256', new Uint8Array(1))",
    call: "crypto.subtle.digest",
    why: "its answers come from another thread, in real time",
  },
  { source: "require('node:fs').writeFileSync('/tmp/a', '')", call: "fs.writeFileSync", why: FILES },
  { source: "require('fs').openSync('/tmp/a', 'w')", call: "fs.openSync", why: FILES },
  { source: "require('fs').promises.mkdir('/tmp/a')", call: "fs.promises.mkdir", why: FILES },
  { source: "require('fs/promises').appendFile('/tmp/a')", call: "fs/promises.appendFile", why: FILES },
  { source: "new (require('net').Socket)()", call: "net.Socket", why: NETWORK },
  { source: "require('node:http').get('http://127.0.0.1/')", call: "http.get", why: NETWORK },
  { source: "require('http').globalAgent.destroy()", call: "http.globalAgent.destroy", why: NETWORK },
  { source: "require('https').request()", call: "https.request", why: NETWORK },
  { source: "require('dgram').createSocket('udp4')", call: "dgram.createSocket", why: NETWORK },
  { source: "require('tls').connect()", call: "tls.connect", why: NETWORK },
  { source: "require('dns').lookup('localhost')", call: "dns.lookup", why: NETWORK },
  { source: "require('child_process').spawn('ls')", call: "child_process.spawn", why: PROCESSES },
  { source: "new (require('worker_threads').Worker)('x')", call: "worker_threads.Worker", why: PROCESSES },
  { source: "require('cluster').fork()", call: "cluster.fork", why: PROCESSES },
  { source: "require('inspector').open()", call: "inspector.open", why: MACHINE },
  { source: "require('v8').getHeapStatistics()", call: "v8.getHeapStatistics", why: MACHINE },
  { source: "require('vm').runInThisContext('1')", call: "vm.runInThisContext", why: MACHINE },
  { source: "require('os').userInfo()", call: "os.userInfo", why: MACHINE },
  { source: "require('zlib').gzip('x', () => {})", call: "zlib.gzip", why: MACHINE },
  { source: "require('util').log('x')", call: "util.log", why: MACHINE },
  { source: "require('module').register('x')", call: "module.register", why: MACHINE },
  {
    source: "require('perf_hooks').monitorEventLoopDelay()",
    call: "perf_hooks.monitorEventLoopDelay",
    why: MACHINE,
  },
  {
    source: "require('async_hooks').executionAsyncId()",
    call: "async_hooks.executionAsyncId",
    why: MACHINE,
  },
  {
    source: "new (require('async_hooks').AsyncResource)('r').asyncId()",
    call: "AsyncResource.asyncId",
    why: MACHINE,
  },
  { source: "require('crypto').generateKeyPairSync('rsa')", call: "crypto.generateKeyPairSync", why: CRYPTO },
  {
    source: "require('crypto').pbkdf2('a', 'b', 1, 1, 'sha1', () => {})",
    call: "crypto.pbkdf2",
    why: CRYPTO,
  },
  {
    source: "new (require('buffer').Blob)([])",
    call: "buffer.Blob",
    why: "what it holds is read in real time",
  },
  { source: "process.chdir('/')", call: "process.chdir", why: PROCESS },
  { source: "process.dlopen({}, 'x')", call: "process.dlopen", why: PROCESS },
  { source: "process.getActiveResourcesInfo()", call: "process.getActiveResourcesInfo", why: PROCESS },
];

for (const { source, call, why } of REFUSED) {
  test(`refused in virtual time: ${source}`, async (t) => {
    const realm = await openRealm();
    const message = `${call} is not available in sim and lockstep: ${why}; run with --mode threads`;
    const error = t.throws(() => realm.run(source), { any: true }) as Error;
    t.is(error.message, message);
    t.is(error.name, "ForbiddenError");
    t.deepEqual(realm.errors, [{ error, where: "forbidden" }]);
  });
}

/** Ways to the real world that do no harm any more; each is true in every run, on every machine. */
const NEUTRALISED: readonly { what: string; source: string }[] = [
  {
    what: "WeakRef holds on to its target",
    source: "let o = {}; const r = new WeakRef(o); r.deref() === o && String(r) === '[object WeakRef]'",
  },
  {
    what: "FinalizationRegistry keeps its promises without calling back",
    source: `const f = new FinalizationRegistry(() => out("gone")), token = {};
      f.register({}, 1, token); f.unregister(token) && !f.unregister(token)`,
  },
  { what: "allocUnsafe gives zeros", source: "Buffer.allocUnsafe(4096).every((byte) => byte === 0)" },
  { what: "new Buffer(n) gives zeros", source: "new Buffer(4096).every((byte) => byte === 0)" },
  {
    what: "buffers do not share the thread's pool",
    source: `[Buffer.from("text"), Buffer.concat([Buffer.from("a")]), Buffer.of(1), Buffer.from([1, 2])]
      .every((buffer) => buffer.byteOffset === 0 && buffer.buffer.byteLength === buffer.length)`,
  },
  { what: "env is empty", source: "Object.keys(process.env).length === 0" },
  {
    what: "process says nothing of the machine",
    source: "[process.pid, process.platform, process.cwd(), process.title].join() === '1,linux,/,node'",
  },
  {
    what: "memory and CPU are fixed",
    source: "process.memoryUsage().rss === process.memoryUsage.rss() && process.cpuUsage().user === 0",
  },
  {
    what: "os is one and the same machine",
    source: "const os = require('os'); os.hostname() === 'whitewater' && os.cpus().length === 0",
  },
  {
    what: "path is posix",
    source: "require('path').sep === '/' && require('path').join('a', '..', 'b') === 'b'",
  },
  { what: "worker_threads tells no thread", source: "require('worker_threads').isMainThread" },
  {
    what: "the real Date cannot be had from a date",
    source: "new (new Date(0).constructor)().getTime() === Date.now()",
  },
  { what: "indirect eval stays inside", source: "(0, eval)('Date.now()') === Date.now()" },
  { what: "Function stays inside", source: "new Function('return Date.now()')() === Date.now()" },
  {
    what: "import() leads nowhere",
    source: "import('node:fs').catch((e) => out(e.code)) instanceof Promise",
  },
];

for (const { what, source } of NEUTRALISED) {
  test(`neutralised in virtual time: ${what}`, async (t) => {
    const realm = await openRealm();
    t.true(realm.run(source));
    await quiescence();
    t.deepEqual(realm.errors, []);
    t.true(realm.out.every((value) => value === "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING"));
  });
}

test("a package that imports a forbidden module, and extends or wraps what is in it, loads", async (t) => {
  const realm = await openRealm();
  const isLoaded = realm.run(`
    const fs = require("node:fs");
    const { Agent } = require("http");
    class MyAgent extends Agent {}
    const read = require("util").promisify(fs.readFile);
    const { Transform } = require("stream");
    new Transform().on("data", () => {});
    for (const name of ["net", "tls", "dgram", "dns", "cluster", "inspector", "v8", "vm", "readline", "repl", "module"]) {
      Object.keys(require(name));
    }
    typeof MyAgent === "function" && typeof read === "function" && fs.constants.R_OK === 4`);
  t.true(isLoaded);
  t.deepEqual(realm.errors, []);
});

test("pure modules work as they are", async (t) => {
  const realm = await openRealm();
  const hash = "require('crypto').createHash('sha256').update('a').digest('hex').slice(0, 8)";
  t.is(realm.run(hash), "ca978112");
  t.is(realm.run("require('zlib').gunzipSync(require('zlib').gzipSync('text')).toString()"), "text");
  t.is(realm.run("require('util').format('%d', 3)"), "3");
  t.is(realm.run("new (require('events'))().on('e', (x) => out(x)).emit('e', 5)"), true);
  t.deepEqual(realm.out, [5]);
  t.is(realm.run("require('querystring').stringify({ a: 1 })"), "a=1");
  t.throws(() => realm.run("require('assert').strictEqual(1, 2)"), { any: true, message: /strictly equal/ });
  t.is(realm.run("require('process') === process && require('node:console') === console"), true);
  t.is(realm.run("require('timers').setTimeout === setTimeout && require('buffer').Buffer === Buffer"), true);
});

test("a module that does not exist is told with what may be imported", async (t) => {
  const realm = await openRealm();
  t.throws(() => realm.run("require('left-pad')"), {
    any: true,
    message:
      'Cannot find module "left-pad". A raft.ts may import its own files, npm packages that can be bundled ' +
      "(no native add-ons), and Node's modules.",
  });
});

import test from "ava";
import { DecodeError, decode, EncodeError, encode } from "../src/labgob/labgob.js";
import { HandlerError, Server, Service, UnknownMethodError } from "../src/labrpc/server.js";
import { dispatched } from "./helpers/asked.js";

class Base {
  inherited(): string {
    return "inherited";
  }

  overridden(): string {
    return "base's";
  }
}

class Receiver extends Base {
  readonly greeting = "hello";
  readonly arrow = (name: string) => `${this.greeting}, ${name}`;
  runs = 0;

  get getter(): () => string {
    throw new Error("a getter is no handler, and must not be run");
  }

  greet(name: string): string {
    return `${this.greeting}, ${name}`;
  }

  GreetLoudly(name: string): string {
    return `${this.greeting.toUpperCase()}, ${name.toUpperCase()}`;
  }

  both(): string {
    return "lower";
  }

  Both(): string {
    return "upper";
  }

  async greetLater(name: string): Promise<string> {
    await null;
    return this.greet(name);
  }

  count(): number {
    this.runs += 1;
    return this.runs;
  }

  override overridden(): string {
    return "derived's";
  }

  excluded(): string {
    return "never";
  }

  throwing(): never {
    throw new RangeError("boom");
  }

  async rejecting(): Promise<never> {
    throw "no error at all";
  }

  nothing(): void {}

  unsendable(): unknown {
    return { entries: [{ command: () => {} }] };
  }
}

function serverOf(receiver: object): Server {
  const server = new Server();
  server.addService(new Service("Raft", receiver, { exclude: ["excluded"] }));
  return server;
}

async function call(server: Server, svcMeth: string, args: unknown = 0): Promise<unknown> {
  return decode(await dispatched(server, svcMeth, encode(args)));
}

for (const { svcMeth, reply, claim } of [
  { svcMeth: "Raft.greet", reply: "hello, me", claim: "a method runs on its receiver" },
  { svcMeth: "Raft.greetLater", reply: "hello, me", claim: "an async method is waited for" },
  { svcMeth: "Raft.arrow", reply: "hello, me", claim: "a function in a field is a handler" },
  { svcMeth: "Raft.inherited", reply: "inherited", claim: "an inherited method is a handler" },
  { svcMeth: "Raft.overridden", reply: "derived's", claim: "an overriding method hides its parent's" },
  { svcMeth: "Raft.Greet", reply: "hello, me", claim: "the Go lab's upper case finds lower case" },
  { svcMeth: "Raft.greetLoudly", reply: "HELLO, ME", claim: "lower case finds upper case" },
  { svcMeth: "Raft.both", reply: "lower", claim: "the exact name goes first (lower case)" },
  { svcMeth: "Raft.Both", reply: "upper", claim: "the exact name goes first (upper case)" },
]) {
  test(`${claim}: ${svcMeth}`, async (t) => {
    t.is(await call(serverOf(new Receiver()), svcMeth, "me"), reply);
  });
}

test("a plain object of functions serves as well", async (t) => {
  t.is(await call(serverOf({ double: (n: number) => 2 * n }), "Raft.double", 21), 42);
  t.is(await call(serverOf(Object.assign(Object.create(null), { one: () => 1 })), "Raft.one"), 1);
});

test("a name is split at its last dot", async (t) => {
  const server = new Server();
  server.addService(new Service("kv.Shard", { get: () => "shard's" }));
  t.is(await call(server, "kv.Shard.get"), "shard's");
});

test("a server carries several services; one of the same name replaces", async (t) => {
  const server = serverOf(new Receiver());
  server.addService(new Service("KV", { get: () => "value" }));
  t.is(await call(server, "KV.get"), "value");
  t.is(await call(server, "Raft.inherited"), "inherited");
  server.addService(new Service("KV", { get: () => "newer" }));
  t.is(await call(server, "KV.get"), "newer");
});

test("the handler begins before dispatch returns", (t) => {
  const receiver = new Receiver();
  void dispatched(serverOf(receiver), "Raft.count", encode(0));
  t.is(receiver.runs, 1);
});

for (const { svcMeth, message } of [
  { svcMeth: "Kraft.greet", message: /^No service "Kraft" to run "Kraft.greet"; known services: Raft\.$/ },
  {
    svcMeth: "Raft.great",
    message: /^Service "Raft" has no method "great"; known methods: arrow, greet, Greet/,
  },
  { svcMeth: "Raft.excluded", message: /no method "excluded"/ },
  { svcMeth: "Raft.Excluded", message: /no method "Excluded"/ },
  { svcMeth: "Raft.constructor", message: /no method "constructor"/ },
  { svcMeth: "Raft.toString", message: /no method "toString"/ },
  { svcMeth: "Raft.getter", message: /no method "getter"/ },
  { svcMeth: "Raft.greeting", message: /no method "greeting"/ },
  { svcMeth: "Raft.", message: /no method ""/ },
  { svcMeth: "greet", message: /names a service and a method, such as "Raft.requestVote"; got "greet"/ },
]) {
  test(`there is no handler for "${svcMeth}"`, async (t) => {
    await t.throwsAsync(call(serverOf(new Receiver()), svcMeth), { instanceOf: UnknownMethodError, message });
  });
}

test("an excluded method is not among those known", async (t) => {
  const error = await t.throwsAsync(call(serverOf(new Receiver()), "Raft.dne"));
  t.notRegex(error?.message ?? "", /excluded|constructor/);
});

test("a server without services says so", async (t) => {
  await t.throwsAsync(call(new Server(), "Raft.greet"), { message: /known services: none/ });
});

test("a handler that throws is told of, with its cause", async (t) => {
  const error = await t.throwsAsync(call(serverOf(new Receiver()), "Raft.Throwing"), {
    instanceOf: HandlerError,
    message: "Raft.throwing threw: RangeError: boom",
  });
  t.true(error?.cause instanceof RangeError);
});

test("a handler that rejects is told of, whatever it rejects with", async (t) => {
  const error = await t.throwsAsync(call(serverOf(new Receiver()), "Raft.rejecting"), {
    instanceOf: HandlerError,
    message: 'Raft.rejecting threw: "no error at all", which is no Error and so has no stack',
  });
  t.is(error?.cause, "no error at all");
  const textless = { throwing: () => Promise.reject(Object.create(null)) };
  await t.throwsAsync(call(serverOf(textless), "Raft.throwing"), {
    message: /threw: {}, which is no Error/,
  });
});

test("a handler that returns nothing is told of: its caller would take it for a lost call", async (t) => {
  await t.throwsAsync(call(serverOf(new Receiver()), "Raft.nothing"), {
    instanceOf: HandlerError,
    message: "Raft.nothing returned undefined; a handler must return its reply.",
  });
});

test("a reply that cannot be sent is told of, with the place in it", async (t) => {
  const error = await t.throwsAsync(call(serverOf(new Receiver()), "Raft.unsendable"), {
    instanceOf: HandlerError,
    message: /^Raft.unsendable returned what cannot be sent: .*entries\[0\]\.command/,
  });
  t.true(error?.cause instanceof EncodeError);
});

test("arguments that are not labgob's are refused", async (t) => {
  const notLabgob = Uint8Array.of(0xc1, 0xff, 0xff);
  await t.throwsAsync(dispatched(serverOf(new Receiver()), "Raft.greet", notLabgob), {
    instanceOf: DecodeError,
  });
});

/** When an event occurred, on the clock of the server's host; -1 if the clock failed. */
export interface Timestamp {
  seconds: number;
  microseconds: number;
}

/** An event as the server sends it. */
export type Event = {
  [Name in keyof Events]: { event: Name; timestamp: Timestamp } & (Events[Name] extends undefined
    ? {}
    : { data: Events[Name] });
}[keyof Events];

/** What a connection has to offer; a `Socket` of `node:net` does. */
export interface Connection {
  setEncoding(encoding: 'utf8'): unknown;
  on(name: 'data', listener: (text: string) => void): unknown;
  on(name: 'error', listener: (error: Error) => void): unknown;
  on(name: 'close', listener: () => void): unknown;
  write(text: string): unknown;
  end(): unknown;
}

/** The error with which a server answers a command. */
export class CommandError extends Error {
  constructor(
    readonly errorClass: string,
    description: string,
  ) {
    super(description);
    this.name = 'CommandError';
  }
}

/** The longest message of a server, in UTF-16 code units. */
const MAX_MESSAGE = 64 * 1024 * 1024;

/** The most events that wait for a reader of `Client.events`. */
const MAX_EVENTS = 65536;

type Reply = { resolve: (value: unknown) => void; reject: (error: Error) => void };
type Arguments<Name extends keyof Commands> = Commands[Name]['arguments'];
type Parameters<Name extends keyof Commands> =
  {} extends Arguments<Name> ? [members?: Arguments<Name>] : [members: Arguments<Name>];

/** Splits a stream into JSON objects, which need no newline between them. */
class Splitter {
  private text = '';
  private position = 0;
  private depth = 0;
  private inString = false;

  /** The objects that end in `text`. */
  *split(text: string): Generator<string> {
    this.text += text;
    for (; this.position < this.text.length; this.position++) {
      const letter = this.text[this.position];
      if (this.inString) {
        if (letter === '\\') this.position++;
        else if (letter === '"') this.inString = false;
      } else if (letter === '"') {
        this.inString = true;
      } else if (letter === '{' || letter === '[') {
        this.depth++;
      } else if ((letter === '}' || letter === ']') && --this.depth === 0) {
        yield this.text.slice(0, this.position + 1);
        this.text = this.text.slice(this.position + 1);
        this.position = -1;
      }
    }
    if (this.text.length > MAX_MESSAGE) throw new Error('the server sent too long a message');
  }
}

/** The commands and events of the schema, over a connection. */
export class Client {
  private readonly replies = new Map<number, Reply>();
  private readonly readers = new Set<(event: Event | undefined) => void>();
  private readonly splitter = new Splitter();
  private last = 0;
  private failure: Error | undefined;
  private greeted: ((greeting: unknown) => void) | undefined;

  private constructor(private readonly connection: Connection) {
    connection.setEncoding('utf8');
    connection.on('data', (text) => this.receive(text));
    connection.on('error', (error) => this.fail(error));
    connection.on('close', () => this.fail(new Error('the connection is closed')));
  }

  /** Waits for the greeting of the server, and negotiates capabilities. */
  static async open(connection: Connection, capabilities: string[] = []): Promise<Client> {
    const client = new Client(connection);
    await new Promise<unknown>((resolve, reject) => {
      client.greeted = resolve;
      client.replies.set(0, { resolve, reject });
    });
    client.replies.delete(0);
    await client.send('qmp_capabilities', { enable: capabilities });
    return client;
  }

  /** Executes a command. Rejects with a `CommandError` if the server answers with an error. */
  async execute<Name extends keyof Commands>(
    command: Name,
    ...[members]: Parameters<Name>
  ): Promise<Commands[Name]['returns']> {
    return (await this.send(command, members)) as Commands[Name]['returns'];
  }

  /** All events that arrive from now on, until the connection ends or the loop does. */
  events(): AsyncIterableIterator<Event> {
    const queue: Event[] = [];
    let wake = () => {};
    let ended = this.failure !== undefined;
    const reader = (event: Event | undefined) => {
      if (event === undefined) ended = true;
      else if (queue.push(event) > MAX_EVENTS) this.fail(new Error('events are not read'));
      wake();
    };
    this.readers.add(reader);
    const close = () => {
      this.readers.delete(reader);
      ended = true;
      wake();
      return Promise.resolve({ done: true as const, value: undefined });
    };
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        while (queue.length === 0 && !ended) {
          await new Promise<void>((resolve) => (wake = resolve));
        }
        const value = queue.shift();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      return: close,
    };
  }

  /** Ends the connection. Commands without a reply are rejected. */
  close(): void {
    this.connection.end();
    this.fail(new Error('the client is closed'));
  }

  private send(command: string, members: object | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) return reject(this.failure);
      const id = ++this.last;
      this.replies.set(id, { resolve, reject });
      this.connection.write(JSON.stringify({ execute: command, arguments: members, id }) + '\n');
    });
  }

  private receive(text: string): void {
    try {
      for (const message of this.splitter.split(text)) this.dispatch(JSON.parse(message));
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
      this.connection.end();
    }
  }

  private dispatch(message: Record<string, unknown>): void {
    if ('QMP' in message) return this.greeted?.(message['QMP']);
    if ('event' in message) {
      for (const reader of [...this.readers]) reader(message as unknown as Event);
      return;
    }
    const id = message['id'] as number;
    const reply = this.replies.get(id);
    this.replies.delete(id);
    const error = message['error'] as { class: string; desc: string } | undefined;
    if (error === undefined) reply?.resolve(message['return']);
    else reply?.reject(new CommandError(error.class, error.desc));
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const reply of this.replies.values()) reply.reject(this.failure);
    this.replies.clear();
    for (const reader of [...this.readers]) reader(undefined);
  }
}

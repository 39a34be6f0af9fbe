import { type AddressInfo, createServer, type Server } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Mail {
  to: string[];
  /** Lower-case names; words in other letters decoded. */
  headers: Record<string, string>;
  text: string;
  html: string;
}

type Answer = { code: number; message: string } | null;

/** A mail server that takes what it is sent, over SMTP, and answers as a test wants. */
export class MailServer {
  readonly mails: Mail[] = [];
  /** What is said to a recipient instead of "ok", as soon as it is known. */
  recipient: (address: string) => Answer | Promise<Answer> = () => null;
  /** How often somebody came while it was hanging up on everybody. */
  knocks = 0;
  private server: SMTPServer | Server | null = null;
  private port = 0;

  static async open(): Promise<MailServer> {
    const server = new MailServer();
    await server.start();
    return server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** Listens, at the same place as before. */
  async start(): Promise<void> {
    await this.stop();
    const server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 50,
      onRcptTo: ({ address }, _, done) => {
        const answered = async (): Promise<void> => {
          const answer = await this.recipient(address);
          done(answer && Object.assign(new Error(answer.message), { responseCode: answer.code }));
        };
        void answered();
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          this.mails.push(read(Buffer.concat(chunks).toString(), session.envelope.rcptTo.map(({ address }) => address)));
          done();
        });
      },
    });
    server.on('error', () => undefined);
    await new Promise<void>((ready) => server.listen(this.port, '127.0.0.1', ready));
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Takes every call and hangs up at once. */
  async hangUp(): Promise<void> {
    await this.stop();
    const server = createServer((socket) => {
      this.knocks += 1;
      socket.destroy();
    });
    await new Promise<void>((ready) => server.listen(this.port, '127.0.0.1', ready));
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    if (server) await new Promise<void>((closed) => server.close(() => closed()));
  }
}

function read(raw: string, to: string[]): Mail {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1];
  const parts = boundary === undefined ? [] : body.split(`--${boundary}`).slice(1, -1).map((part) => split(part.replace(/^\r\n/, '').replace(/\r\n$/, '')));
  const of = (type: string) => {
    const part = parts.find((one) => one.headers['content-type']?.startsWith(type));
    return part ? decode(part.body, part.headers['content-transfer-encoding'] ?? '') : '';
  };
  return { to, headers, text: of('text/plain'), html: of('text/html') };
}

function split(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), words(line.slice(line.indexOf(':') + 1).trim())]);
  return { headers: Object.fromEntries(headers) as Record<string, string>, body: raw.slice(end + 4) };
}

function words(value: string): string {
  return value
    .replace(/\?= =\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString() : quoted(text.replaceAll('_', ' ')),
    );
}

function decode(body: string, encoding: string): string {
  const text = encoding === 'base64' ? Buffer.from(body, 'base64').toString() : encoding === 'quoted-printable' ? quoted(body.replace(/=\r\n/g, '')) : body;
  return text.replaceAll('\r\n', '\n');
}

function quoted(text: string): string {
  return Buffer.from(text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1').toString();
}

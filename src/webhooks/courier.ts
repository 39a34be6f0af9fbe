import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, request } from 'undici';
import type { HookAnswer } from '../domain/webhook.js';
import { Egress } from './egress.js';

/** Milliseconds: to connect, and for a whole try. Shorter than a lease, so that nothing is sent twice at a time. */
const CONNECT_MS = 5_000;
const TOTAL_MS = 15_000;
/** Bytes of an answer that are read; what comes after them is cut off with its connection. */
const MAX_ANSWER = 64 * 1024;
/** Characters of it that are kept. */
const KEPT = 500;

/** Carries one delivery to its receiver: no redirects, no endless answers, no way to an address that is not public. */
@Injectable()
export class Courier implements OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(private readonly egress: Egress) {
    this.agent = new Agent({
      pipelining: 1,
      allowH2: false,
      connect: { timeout: CONNECT_MS, lookup: egress.lookup },
      // The whole try has a timer of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 4_000,
    });
  }

  /** Never throws: whatever goes wrong is an answer too. */
  async deliver(url: string, headers: Record<string, string>, body: string): Promise<HookAnswer> {
    const started = performance.now();
    const end = (status: number | null, text: string | null, error: string | null): HookAnswer => ({
      status, body: text, error, duration_ms: Math.round(performance.now() - started),
    });
    // What was allowed when the endpoint was made need not be allowed any more.
    const refusal = this.egress.refusal(url);
    if (refusal !== null) return end(null, null, `refused: the URL ${refusal}`);
    try {
      const signal = AbortSignal.timeout(TOTAL_MS);
      const answer = await request(url, { dispatcher: this.agent, method: 'POST', headers, body, signal });
      const text = await beginningOf(answer.body);
      return end(answer.statusCode, text, complaint(answer.statusCode));
    } catch (error) {
      return end(null, null, reasonOf(error));
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.agent.destroy();
  }
}

function complaint(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? `answered ${status}; redirects are not followed` : `answered ${status}`;
}

/** The beginning of an answer, as one line of text. Its status has been heard by then, so nothing here can fail. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      // Leaving the loop hangs up.
      if (size > MAX_ANSWER) break;
    }
  } catch {
    // What has come is enough.
  }
  return oneLine(Buffer.concat(chunks).subarray(0, MAX_ANSWER).toString('utf8'));
}

/** What a row and a log line can hold of a stranger's text. */
function oneLine(text: string): string {
  return Array.from(text.replace(/\p{Cc}+/gu, ' ').trim()).slice(0, KEPT).join('');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  if (error.name === 'TimeoutError') return `no answer within ${TOTAL_MS / 1_000} s`;
  const { code } = error as { code?: string };
  return oneLine(error.message === '' ? (code ?? error.name) : error.message);
}

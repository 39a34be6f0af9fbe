import type { Context } from '../context.js';
import type { HttpReply } from '../runtime/ports.js';
import { Refusal, reply } from './replies.js';

const SANDBOX_KEY = /^sk_sbox_?[a-z2-7]{26}[a-z2-7*#$=]$/;
const TOKEN_LIFE_SECONDS = 3600;

export interface CredentialOptions {
  /** Exactly this key is accepted; without it any well-formed sandbox key is. */
  secretKey?: string;
  /** Exactly this OAuth client is accepted; without it any `ack_…` with a secret is. */
  client?: { id: string; secret: string };
}

/** Scopes of which one is needed for an operation [C names]; `gateway` covers them all but events. */
const SCOPES: Record<string, readonly string[]> = {
  payment: ['gateway', 'gateway:payment'],
  list: ['gateway', 'gateway:payment', 'gateway:payment-details'],
  details: ['gateway', 'gateway:payment', 'gateway:payment-details'],
  actions: ['gateway', 'gateway:payment', 'gateway:payment-details'],
  refund: ['gateway', 'gateway:payment', 'gateway:payment-refunds'],
  modify: ['gateway', 'gateway:payment', 'gateway:payment-voids', 'gateway:payment-captures', 'gateway:payment-authorizations', 'gateway:payment-cancellations'],
  events: ['gateway', 'flow', 'flow:events', 'flow:reflow'],
};

/** Who may call: secret keys, and tokens of the client-credentials flow. */
export class Credentials {
  private readonly context: Context;
  private readonly options: CredentialOptions;

  constructor(context: Context, options: CredentialOptions) {
    this.context = context;
    this.options = options;
  }

  /** Throws 401 with an empty body, or 403 when the token's scopes do not cover the operation. */
  check(authorization: string | undefined, operation: string): void {
    const credential = authorization?.startsWith('Bearer ') === true ? authorization.slice(7) : '';
    if (this.options.secretKey !== undefined ? credential === this.options.secretKey : SANDBOX_KEY.test(credential)) return;
    const token = this.context.store.tokens.get(credential);
    if (token === undefined || token.expires_at <= this.context.clock.now()) throw new Refusal(401, '', []);
    const needed = SCOPES[operation] ?? [];
    if (!needed.some((scope) => token.scopes.includes(scope))) throw new Refusal(403, 'action_not_allowed', ['insufficient_scope']);
  }

  /** `POST /connect/token` with a form body. */
  issueToken(requestId: string, body: string, authorization: string | undefined): HttpReply {
    const form = new URLSearchParams(body);
    const [basicId, basicSecret] = basicCredentials(authorization);
    const id = form.get('client_id') ?? basicId;
    const secret = form.get('client_secret') ?? basicSecret;
    if (form.get('grant_type') !== 'client_credentials') return reply(requestId, 400, { error: 'unsupported_grant_type' });
    if (!this.knows(id, secret)) return reply(requestId, 400, { error: 'invalid_client' });
    const token = this.context.random.id('tok');
    const scopes = (form.get('scope') ?? 'gateway').split(/[\s,]+/);
    this.context.store.tokens.put(token, { scopes, expires_at: this.context.clock.now() + TOKEN_LIFE_SECONDS * 1000 });
    return reply(requestId, 200, { access_token: token, token_type: 'Bearer', expires_in: TOKEN_LIFE_SECONDS, scope: scopes.join(' ') });
  }

  private knows(id: string, secret: string): boolean {
    const { client } = this.options;
    return client === undefined ? /^ack_\w+$/.test(id) && secret !== '' : id === client.id && secret === client.secret;
  }
}

function basicCredentials(authorization: string | undefined): [id: string, secret: string] {
  if (authorization?.startsWith('Basic ') !== true) return ['', ''];
  const decoded = Buffer.from(authorization.slice(6), 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? ['', ''] : [decoded.slice(0, colon), decoded.slice(colon + 1)];
}

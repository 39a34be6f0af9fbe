import { request } from 'undici';

/** How calls are signed in: a fixed secret key, or OAuth tokens fetched and kept until shortly before they end. */
export interface CheckoutAuth {
  /** The Authorization header. Throws {@link CredentialsRefused}, or any other error when nobody could be asked. */
  authorization(): Promise<string>;
  /** The gateway answered 401 to this header: it is not to be used again. */
  reject(authorization: string): void;
}

/** The token endpoint does not accept our credentials; asking again will not help. */
export class CredentialsRefused extends Error {}

export class SecretKeyAuth implements CheckoutAuth {
  constructor(private readonly key: string) {}

  authorization(): Promise<string> {
    return Promise.resolve(`Bearer ${this.key}`);
  }

  reject(): void {
    // A key is what it is; the calls fail until the configuration changes.
  }
}

const EARLY_MS = 60_000;
const FETCH_MS = 10_000;
const SCOPES = 'gateway:payment gateway:payment-details gateway:payment-refunds';

export interface OAuthCredentials {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
}

export class OAuth implements CheckoutAuth {
  private token: { header: string; until: number } | null = null;
  private fetching: Promise<string> | null = null;

  constructor(
    private readonly credentials: OAuthCredentials,
    /** Monotonic milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {}

  authorization(): Promise<string> {
    if (this.token && this.now() < this.token.until) return Promise.resolve(this.token.header);
    // Many calls at once need one token.
    this.fetching ??= this.fetch().finally(() => (this.fetching = null));
    return this.fetching;
  }

  reject(authorization: string): void {
    // An answer that comes late speaks of the token before this one.
    if (this.token?.header === authorization) this.token = null;
  }

  private async fetch(): Promise<string> {
    const { tokenUrl, clientId, clientSecret } = this.credentials;
    const response = await request(tokenUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: SCOPES,
      }).toString(),
      signal: AbortSignal.timeout(FETCH_MS),
    });
    const { statusCode } = response;
    if (statusCode !== 200) {
      await response.body.dump();
      const refused = statusCode === 400 || statusCode === 401 || statusCode === 403;
      throw new (refused ? CredentialsRefused : Error)(`the token endpoint answered ${statusCode}`);
    }
    const body = (await response.body.json()) as { access_token?: unknown; expires_in?: unknown } | null;
    if (typeof body?.access_token !== 'string' || !/^[\x21-\x7e]+$/.test(body.access_token)) {
      throw new Error('the token endpoint answered without a token');
    }
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : 300;
    this.token = { header: `Bearer ${body.access_token}`, until: this.now() + Math.max(0, seconds * 1000 - EARLY_MS) };
    return this.token.header;
  }
}

/** A stored 2xx answer. */
export interface Idempotent {
  status: number;
  body: string;
  request_hash: string;
  /** Epoch ms. */
  stored_at: number;
}

/** What a token of the client-credentials flow stands for. */
export interface AccessToken {
  scopes: string[];
  /** Epoch ms. */
  expires_at: number;
}

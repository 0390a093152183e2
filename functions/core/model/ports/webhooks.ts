/** One request to a webhook's receiver; header names in lower case, `body` sent as it is, in UTF-8. */
export type WebhookRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The status that the receiver answered with, or why there was none. */
export type WebhookAnswer =
  | { readonly status: number }
  | { readonly problem: 'address_refused' | 'unreachable' | 'tls_failed' | 'timeout' | 'no_answer' };

/** Posts to webhooks: no redirects, no more than 10 s. Answers, and never throws, for whatever the receiver does. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<WebhookAnswer>;
}

/** Judges a webhook's URL before it is stored; names are judged when they are dialled. */
export interface WebhookAddresses {
  /** Why it may not be called, to follow the word `url`; undefined when it may. */
  refusal(url: string): string | undefined;
}

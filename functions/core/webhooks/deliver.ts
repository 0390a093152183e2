import { byStocktake } from '../audit/audit-write.ts';
import { wasAhead } from '../model/ahead.ts';
import { ConditionFailed } from '../model/errors.ts';
import type { WebhookAnswer } from '../model/ports/webhooks.ts';
import { type DeliveryRow, readDelivery, updateDelivery } from './delivery.ts';
import type { DeliveryDeps } from './delivery-deps.ts';
import { longestLifeMs, longestWaitBefore, spread, waitAfter } from './retry-schedule.ts';
import { signatureHeaders } from './sign.ts';
import { secretContext, type WebhookRow } from './webhook.ts';
import { type LastDelivery, longestRestMs, noteAttempt, takeTurn } from './webhook-health.ts';
import type { DeliverMessage } from './webhook-message.ts';
import { readWebhook, updateWebhook } from './webhook-store.ts';

/** The limit of the WorkQueue port; longer waits take several messages. */
const longestDelaySeconds = 900;

/** Longer than a request may take; after it, whoever made the attempt is taken to have died. */
const claimMs = 20_000;

/** What was kept from a resting webhook comes back over so long, not all at once. */
const afterRestMs = 30_000;

/**
 * Makes one attempt at a delivery and sees to the next one. 2xx is delivered; 410 switches the webhook off; all else is
 * tried again until the schedule ends. A message that comes twice, or late, does nothing once its attempt was made. The
 * next message is sent before the attempt is written down: a crash in between repeats an attempt and loses none.
 */
export async function deliver(deps: DeliveryDeps, message: DeliverMessage): Promise<void> {
  const delivery = await readDelivery(deps.table, message.webhook, message.delivery);
  if (delivery?.status !== 'pending' || delivery.attempts >= message.attempt) return;
  const due = Math.max(dueAt(deps, message), claimedUntil(deps, delivery));
  if (deps.clock.now() < due) return postpone(deps, message, due);
  const webhook = await readWebhook(deps.table, message.webhook);
  if (!webhook?.active) return void (await write(deps, { ...delivery, status: 'dropped' }));
  const waitUntil = await takeTurn(deps, webhook.id);
  if (waitUntil !== undefined) return rest(deps, message, delivery, waitUntil);
  const claimed = await write(deps, { ...delivery, claimed_until: deps.clock.now() + claimMs });
  if (claimed === undefined) return;
  await attempt(deps, message, webhook, claimed);
}

/** When the message asks to be looked at; at once where that is further ahead than it can have been told to wait. */
function dueAt({ clock }: DeliveryDeps, { due, attempt: next }: DeliverMessage): number {
  return wasAhead(clock, due, Math.max(longestWaitBefore(next), longestRestMs + afterRestMs)) ? 0 : due;
}

function claimedUntil({ clock }: DeliveryDeps, { claimed_until: until = 0 }: DeliveryRow): number {
  return wasAhead(clock, until, claimMs) ? 0 : until;
}

async function attempt(
  deps: DeliveryDeps,
  message: DeliverMessage,
  webhook: WebhookRow,
  claimed: DeliveryRow,
): Promise<void> {
  const answer = await send(deps, webhook, claimed);
  const attempted = { ...claimed, ...described(answer), attempts: message.attempt, claimed_until: undefined };
  if ('status' in answer && answer.status >= 200 && answer.status < 300) return succeeded(deps, attempted);
  if ('status' in answer && answer.status === 410) return switchOff(deps, webhook, attempted);
  return failed(deps, message, attempted);
}

async function rest(deps: DeliveryDeps, message: DeliverMessage, delivery: DeliveryRow, until: number): Promise<void> {
  const now = deps.clock.now();
  const tooOld = now - delivery.since > longestLifeMs;
  if (tooOld) return giveUp(deps, { ...delivery, problem: 'receiver_failing' });
  if (wasAhead(deps.clock, delivery.since)) await write(deps, { ...delivery, since: now });
  return postpone(deps, message, until + spread(delivery.id, afterRestMs));
}

async function send({ opener, clock, sender }: DeliveryDeps, webhook: WebhookRow, { id, event, body }: DeliveryRow) {
  const secret = await opener.open(webhook.secret, secretContext(webhook));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Stocktake',
    'x-stocktake-event': event,
    'x-stocktake-delivery': id,
    ...signatureHeaders(secret, body, clock.now()),
  };
  return sender.send({ url: webhook.url, headers, body });
}

async function postpone({ queue, clock }: DeliveryDeps, message: DeliverMessage, due: number): Promise<void> {
  const seconds = Math.max(0, Math.ceil((due - clock.now()) / 1000));
  await queue.send({ ...message, due }, { delaySeconds: Math.min(longestDelaySeconds, seconds) });
}

async function succeeded(deps: DeliveryDeps, delivery: DeliveryRow): Promise<void> {
  const delivered: DeliveryRow = { ...delivery, status: 'delivered' };
  await write(deps, delivered);
  deps.log.info('webhook delivered', facts(delivered));
  await note(deps, delivered, 'delivered');
}

async function failed(deps: DeliveryDeps, message: DeliverMessage, delivery: DeliveryRow): Promise<void> {
  const wait = waitAfter(delivery.id, message.attempt);
  if (wait === undefined) return giveUp(deps, delivery);
  await postpone(deps, { ...message, attempt: message.attempt + 1 }, deps.clock.now() + wait);
  await write(deps, delivery);
  deps.log.warn('webhook not delivered, to be tried again', { ...facts(delivery), wait_ms: wait });
  await note(deps, delivery, 'retrying');
}

/** The dead letter rings an operator's alarm; sent back to the queue it begins anew with the delivery. */
async function giveUp(deps: DeliveryDeps, delivery: DeliveryRow): Promise<void> {
  await deps.deadLetters.send({ type: 'retry', webhook: delivery.webhook, delivery: delivery.id });
  await write(deps, { ...delivery, status: 'dead' });
  deps.log.error('webhook delivery given up', facts(delivery));
  await note(deps, delivery, 'failed');
}

/** 410 Gone is how a receiver says that it wants no more of this, ever. */
async function switchOff(deps: DeliveryDeps, webhook: WebhookRow, delivery: DeliveryRow): Promise<void> {
  const reason = 'its receiver answered 410 Gone';
  try {
    await updateWebhook({ ...deps, ...byStocktake }, webhook, { ...webhook, active: false, switched_off: reason });
  } catch (error) {
    // Somebody else switched it off, or deleted it.
    if (!(error instanceof ConditionFailed)) throw error;
  }
  const dropped: DeliveryRow = { ...delivery, status: 'dropped' };
  await write(deps, dropped);
  deps.log.warn('webhook switched off', { ...facts(dropped), reason });
  await note(deps, dropped, 'failed');
}

/** Undefined where the same message came twice at once: what was written first stands. */
async function write({ table, clock }: DeliveryDeps, row: DeliveryRow): Promise<DeliveryRow | undefined> {
  try {
    return await updateDelivery(table, row, clock.now());
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}

async function note(deps: DeliveryDeps, row: DeliveryRow, status: LastDelivery['status']): Promise<void> {
  const { id, event, attempts, http_status, problem } = row;
  const at = new Date(deps.clock.now()).toISOString();
  await noteAttempt(deps, row.webhook, { id, event, status, attempts, http_status, problem, at });
}

/** Of the newest attempt only: a time-out after a 503 is a time-out. */
function described(answer: WebhookAnswer): Pick<DeliveryRow, 'http_status' | 'problem'> {
  if ('status' in answer) return { http_status: answer.status, problem: undefined };
  return { http_status: undefined, problem: answer.problem };
}

/** The URL is not logged: receivers put secrets into it. */
function facts({ webhook, id, event, attempts, http_status, problem }: DeliveryRow): Record<string, unknown> {
  return { webhook, delivery: id, event, attempt: attempts, http_status, problem };
}

/** Webhooks of other tools: where they deliver to, and what is told of them. */
import { timestampText } from '../time/format';
import type { Zone } from '../time/zone';
import type { Meaning, Webhook, WebhookKind } from './model';

export const KINDS: Meaning<WebhookKind>[] = [
  { value: 'cvat', means: 'CVAT: projects, tasks, jobs, issues, members' },
  { value: 'label-studio', means: 'Label Studio: projects, tasks, annotations' },
];

/** Where a tool has to deliver, by the address that this page has. */
export function addressOf({ path }: Pick<Webhook, 'path'>, origin: string): string {
  return origin + path;
}

/** What is done with the secret in the tool. */
export function secretUse(kind: WebhookKind): string {
  return kind === 'cvat'
    ? 'In CVAT it is the webhook’s secret.'
    : 'In Label Studio it is a header of the webhook: Authorization with “Bearer” and the secret.';
}

/** When it delivered last. */
export function deliveredText(
  { last_delivery_date }: Pick<Webhook, 'last_delivery_date'>,
  zone: Zone,
): string {
  return last_delivery_date === null
    ? 'nothing delivered yet'
    : timestampText(Date.parse(last_delivery_date), zone, 'minute');
}

/** What happens when a webhook is removed, a sentence each. */
export function removalOf({ name }: Pick<Webhook, 'name'>): string[] {
  return [
    `Deliveries to ${name} are refused from the next one on.`,
    'Its events stay. What is known of its resources is forgotten: a new webhook begins anew.',
  ];
}

/** Organizations as the admin page lists, edits and removes them. */
import type { Member, Organization, Role, User } from './model';
import { ROLES } from './model';
import { counted } from './users';

/** A slug that the name suggests; it can be typed over. */
export function slugOf(name: string): string {
  const ascii = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return ascii.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 16).replace(/-$/, ''); // prettier-ignore
}

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true }).compare;
const RANKS = new Map(ROLES.map(({ value }, rank) => [value, rank]));

/** Every typed word is in the slug, the name or a member's name. By slug. */
export function matching(organizations: Organization[], typed: string): Organization[] {
  const words = typed.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = organizations.filter(({ slug, name, members }) => {
    const texts = [slug, name, ...members.map(({ username }) => username)].map((text) => text.toLowerCase());
    return words.every((word) => texts.some((text) => text.includes(word)));
  });
  return found.sort((a, b) => byName(a.slug, b.slug));
}

/** Owners first, then by name. */
export function ranked(members: Member[]): Member[] {
  return [...members].sort(
    (a, b) => RANKS.get(a.role)! - RANKS.get(b.role)! || byName(a.username, b.username),
  );
}

/** Names of those with a role, by name. */
export function namesOf(members: Member[], role: Role): string {
  return members
    .filter((member) => member.role === role)
    .map(({ username }) => username)
    .sort(byName)
    .join(', ');
}

/** Who can be taken in: active users that are no members, by name. */
export function candidates(users: User[], members: Member[]): User[] {
  const inside = new Set(members.map(({ user_id }) => user_id));
  return users
    .filter(({ id, is_active }) => is_active && !inside.has(id))
    .sort((a, b) => byName(a.username, b.username));
}

/** The one that is typed, however it is spelled; hopeless if no further letter can lead to one. */
export function pick<T extends { name: string }>(candidates: T[], typed: string) {
  const text = typed.trim();
  const lower = text.toLowerCase();
  const found =
    candidates.find(({ name }) => name === text) ??
    candidates.find(({ name }) => name.toLowerCase() === lower);
  const isHopeless = !candidates.some(({ name }) => name.toLowerCase().startsWith(lower));
  return { found, isHopeless: text !== '' && isHopeless };
}

/** What happens when an organization is removed, a sentence each. */
export function removalOf({ slug, members }: Organization): string[] {
  return [
    members.length > 0
      ? `${counted(members.length, 'member')} can no longer send or look in ${slug}. The accounts stay.`
      : 'It has no members.',
    `Its events stay, with the name ${slug}.`,
    'Links with it, and programs that send to it, get an error.',
  ];
}

/** What happens when somebody leaves, a sentence each. */
export function leavingOf(slug: string, username: string, role: Role): string[] {
  return [
    `${username}, ${role}, can no longer send or look in ${slug}.`,
    `Events that ${username} sent there stay.`,
  ];
}

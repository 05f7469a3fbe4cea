/** What failed beside all that the page shows, said until somebody has read it. */
import { said } from './board.svelte';

/** More would cover the page, and say the same. */
const MOST = 3;

class Failures {
  texts = $state.raw<string[]>([]);

  tell(text: string) {
    this.texts = [...this.texts.filter((other) => other !== text), text].slice(-MOST);
  }

  dismiss(text: string) {
    this.texts = this.texts.filter((other) => other !== text);
  }

  /** For the window: what nobody else has caught. An observer of sizes that comes late is no error. */
  onerror = (event: Event) => {
    const { error } = event as ErrorEvent;
    if (error) this.tell(`Something went wrong: ${said(error)}`);
  };

  onunhandledrejection = ({ reason }: PromiseRejectionEvent) => {
    if (!(reason instanceof DOMException && reason.name === 'AbortError'))
      this.tell(`Something went wrong: ${said(reason)}`);
  };
}

export const failures = new Failures();

/** Does what ends outside the page, in a file say, where nobody would see that it failed. */
export async function tried(failing: string, run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    failures.tell(`${failing}: ${said(error)}`);
  }
}

/** Puts a text into the clipboard. */
export function copied(text: string): Promise<void> {
  return tried('Nothing was copied', async () => {
    // Without TLS there is none.
    if (!isSecureContext) throw new Error('browsers give pages without HTTPS no clipboard.');
    await navigator.clipboard.writeText(text);
  });
}

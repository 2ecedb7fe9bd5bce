/** Modal dialogs: the browser keeps the focus inside, Escape closes. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { focusFirst, placesOfFocus } from './focus.js';
import { messageOf } from './words.js';

export function Dialog(props: { title: string; wide?: boolean; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const places = placesOfFocus();
    element.current?.showModal();
    // By then what was to be changed by it is drawn.
    return () => void setTimeout(() => focusFirst(places));
  }, []);
  return (
    <dialog ref={element} class={props.wide ? 'wide' : ''} aria-label={props.title} onClose={props.onClose}>
      <header>
        <h2>{props.title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => element.current?.close()}>
          ✕
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

export interface Question {
  readonly title: string;
  /** What will happen, a sentence each. It may become others while one reads. */
  readonly consequences: () => readonly string[];
  /** Why it cannot be done any more; undefined: it can. */
  readonly obsolete: () => string | undefined;
  /** The word on the button. */
  readonly action: string;
  /** Resolves when it is done; what it rejects with is shown, and the dialog stays. */
  readonly run: () => Promise<void>;
}

const question = signal<Question | undefined>(undefined);
const failure = signal<string | undefined>(undefined);
const busy = signal(false);

/** Asks before something is done that others notice. */
export function ask(next: Question): void {
  failure.value = undefined;
  busy.value = false;
  question.value = next;
}

export function AskDialog() {
  const asked = question.value;
  if (asked === undefined) return null;
  const close = (): void => {
    question.value = undefined;
  };
  const obsolete = busy.value ? undefined : asked.obsolete();
  const run = async (): Promise<void> => {
    busy.value = true;
    try {
      await asked.run();
      close();
    } catch (error) {
      failure.value = messageOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={asked.title} onClose={close}>
      <ul class="consequences">
        {asked.consequences().map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      {[obsolete, failure.value].map(
        (text) =>
          text !== undefined && (
            <p key={text} class="problem" role="alert">
              {text}
            </p>
          ),
      )}
      <footer>
        <button type="button" onClick={close} autofocus>
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          disabled={busy.value || obsolete !== undefined}
          onClick={() => void run()}
        >
          {busy.value ? 'Working …' : asked.action}
        </button>
      </footer>
    </Dialog>
  );
}

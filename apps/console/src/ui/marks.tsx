/** States as a shape and a word. Colour is there only where something is wrong. */

export type Shape = 'full' | 'half' | 'ring' | 'dashed' | 'triangle' | 'question' | 'square';
export type Tone = 'plain' | 'bad' | 'warn' | 'faint';

const SHAPES: Readonly<Record<Shape, string>> = {
  full: 'M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9z',
  half: 'M6 1.5a4.5 4.5 0 0 1 0 9z',
  ring: '',
  dashed: '',
  triangle: 'M6 1.2 11 10.5H1z',
  square: 'M2 2h8v8H2z',
  question: '',
};

export function Shaped({ shape }: { shape: Shape }) {
  return (
    <svg class="shape" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {SHAPES[shape] !== '' && <path d={SHAPES[shape]} fill="currentColor" />}
      {(shape === 'ring' || shape === 'half') && (
        <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.4" />
      )}
      {shape === 'dashed' && (
        <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.2 1.6" />
      )}
      {shape === 'question' && (
        <path
          d="M3.6 4.2a2.4 2.4 0 1 1 3.6 2.1C6.3 6.8 6 7.2 6 8M6 10v.6"
          fill="none"
          stroke="currentColor"
          stroke-width="1.5"
          stroke-linecap="round"
        />
      )}
    </svg>
  );
}

export function Mark(props: { shape: Shape; tone?: Tone; word: string; tip?: string | undefined }) {
  return (
    <span class={`mark ${props.tone ?? 'plain'}`} data-tip={props.tip}>
      <Shaped shape={props.shape} />
      <span>{props.word}</span>
    </span>
  );
}

/** A bar of so much of so much; it turns to trouble by the words that it is given, not by its length. */
import { count } from './words.js';

export function Gauge(props: {
  value: number | null;
  of: number | null;
  label: string;
  tone?: 'bad' | 'warn' | undefined;
}) {
  const { value, of } = props;
  const share = value === null || of === null || of === 0 ? 0 : Math.min(1, value / of);
  const text = of === null ? count(value) : `${count(value)} of ${count(of)}`;
  return (
    <span class={`gauge ${props.tone ?? ''}`} data-tip={`${props.label}: ${text}`}>
      <svg
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${props.label}: ${text}`}
        width="100%"
        height="6"
      >
        <rect class="rest" width="100" height="6" />
        <rect class="part" width={share * 100} height="6" />
      </svg>
      <span>{text}</span>
    </span>
  );
}

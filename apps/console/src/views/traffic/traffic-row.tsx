/** One ASDU; opened it shows its octets and what they mean. */
import type { TrafficItem } from '@iec104mm2ss/console-api';
import { useSignal } from '@preact/signals';
import { api } from '../../api/client.js';
import { rowOf } from '../../state/fleet.js';
import { memo } from '../../ui/memo.js';
import { fineTime, messageOf } from '../../ui/words.js';
import { isDecoded, objectText } from './traffic-store.js';

const SHOWN_OBJECTS = 3;
const COLUMNS = 8;

export const TrafficRow = memo(function TrafficRow({ item }: { item: TrafficItem }) {
  const open = useSignal(false);
  const { asdu, direction, group } = item;
  const decoded = isDecoded(asdu) ? asdu : undefined;
  const [negative, test] = [decoded?.negative === true, decoded?.test === true];
  return (
    <>
      <tr class={open.value ? 'open' : ''} onClick={() => (open.value = !open.value)}>
        <td>
          <button type="button" class="time" aria-expanded={open.value} data-tip="Its octets, and what they mean">
            {fineTime(new Date(item.at))}
          </button>
        </td>
        <td data-tip={rowOf(group)?.name ?? undefined}>{group}</td>
        <td>
          {direction === 'monitor' ? '← RTU' : `→ RTU${item.session === undefined ? '' : `, session ${item.session}`}`}
        </td>
        <td class="code">{asdu.type}</td>
        <td>
          {decoded?.cause}
          {negative && <b class="bad"> negative</b>}
          {test && <b class="warn"> test</b>}
        </td>
        <td class="number">{decoded?.ca}</td>
        <td class="number">{decoded?.oa}</td>
        <td class="code objects">
          {isDecoded(asdu) ? (
            <>
              {asdu.objects.slice(0, SHOWN_OBJECTS).map(objectText).join('; ')}
              {asdu.objects.length > SHOWN_OBJECTS && ` and ${asdu.objects.length - SHOWN_OBJECTS} more`}
            </>
          ) : (
            <span class="bad">cannot be decoded: {asdu.error}</span>
          )}
        </td>
      </tr>
      {open.value && (
        <tr class="detail">
          <td colSpan={COLUMNS}>
            <Octets item={item} />
          </td>
        </tr>
      )}
    </>
  );
});

function Octets({ item }: { item: TrafficItem }) {
  const { asdu } = item;
  const hex = isDecoded(asdu) ? item.octets : asdu.undecodable;
  const lines = useSignal<readonly string[] | undefined>(undefined);
  if (hex !== undefined && lines.value === undefined) {
    lines.value = [];
    api.decode(hex).then(
      (answer) => (lines.value = answer.lines),
      (error: unknown) => (lines.value = [messageOf(error)]),
    );
  }
  return (
    <>
      {hex === undefined ? (
        <p class="muted">The feed has no octets of this one.</p>
      ) : (
        <>
          <p class="code octets">{hex.replace(/../g, '$& ').trim()}</p>
          <pre>{lines.value?.join('\n')}</pre>
        </>
      )}
      {isDecoded(asdu) && (hex === undefined || asdu.objects.length > SHOWN_OBJECTS) && (
        <pre>{asdu.objects.map(objectText).join('\n')}</pre>
      )}
    </>
  );
}

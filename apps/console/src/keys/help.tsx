/** The list of keys. */
import { Dialog } from '../ui/dialog.js';
import { keyLists, singleKeys } from './keys.js';

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" wide onClose={onClose}>
      <div class="keys">
        {keyLists.value
          .filter(({ keys }) => keys.length > 0)
          .map(({ title, keys }) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {keys.map(({ keys: name, does }) => (
                  <div key={name}>
                    <dt>
                      {name.split(' ').map((key) => (
                        <kbd key={key}>{key}</kbd>
                      ))}
                    </dt>
                    <dd>{does}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
      </div>
      <footer>
        <label>
          <input
            type="checkbox"
            checked={singleKeys.value === 'on'}
            onChange={(event) => (singleKeys.value = event.currentTarget.checked ? 'on' : 'off')}
          />{' '}
          These keys are on (switch them off when they get in the way of speech input)
        </label>
      </footer>
    </Dialog>
  );
}

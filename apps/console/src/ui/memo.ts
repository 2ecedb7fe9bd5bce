/** Draws a component again only when one of its properties is another one. */
import { Component, type ComponentType, h } from 'preact';

export function memo<P extends object>(Inner: ComponentType<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return Object.entries(next).some(([name, value]) => value !== this.props[name as keyof P]);
    }
    override render() {
      return h(Inner, this.props as P);
    }
  };
}

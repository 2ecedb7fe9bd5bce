const FIRST_FREE_PORT = 1024;

/**
 * What is to be said of a TCP port to listen on that systems keep for privileged processes; undefined: nothing. The RTU number beside it
 * tells whether the two cells were exchanged, which is easily done: they stand the other way round in the simulator's list.
 *
 * @param order how they stand in this file
 */
export function privilegedPortRemark(port: number, rtuNumber: number, order: string): string | undefined {
  if (!(port < FIRST_FREE_PORT)) return undefined;
  const swapped = rtuNumber >= FIRST_FREE_PORT ? `; were ${port} and ${rtuNumber} exchanged? ${order}` : '';
  return `${port} is below ${FIRST_FREE_PORT}, which not everybody may open${swapped}`;
}

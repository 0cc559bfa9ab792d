// How high the small tables above the agents are: what they hold, up to what leaves room for the agents on this screen.
import useMediaQuery from '@mui/material/useMediaQuery';

export const row_height = 29;
const head = 32;

export function useTableHeight(rows: number): number {
  const tall = useMediaQuery('(min-height: 950px)');
  return head + row_height * Math.max(2, Math.min(rows, tall ? 9 : 4));
}

import { useQuery } from '@tanstack/react-query';
import { usePreferences } from '../../app/preferences';
import { textOfCode, useText } from '../../app/texts';
import { type Metric, metrics } from './api';

// What each figure is called and how it is counted, as the server defines it.
export function useMetrics() {
  const t = useText();
  const { language } = usePreferences();
  const { data: catalogue } = useQuery({ queryKey: ['metrics'], queryFn: metrics, staleTime: Infinity });
  const known = (name: string): Metric | undefined => catalogue?.find((each) => each.name === name || each.name === name.replace(/_ms$/, ''));
  const titleOf = (name: string) => {
    const metric = known(name);
    return metric ? (language === 'fa' ? metric.title_fa : metric.title) : textOfCode(t, 'figure', name);
  };
  return { known, titleOf };
}

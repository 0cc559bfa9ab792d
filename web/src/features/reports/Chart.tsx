import { useTheme } from '@mui/material/styles';
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useFormat } from '../../app/format';
import { useText } from '../../app/texts';
import type { Interval } from './api';
import { plain } from './figures';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

// Answered and abandoned by interval, with the service level above them. The table below says the same to who cannot see it.
export function Chart({ rows }: { rows: Interval[] }) {
  const t = useText();
  const format = useFormat();
  const theme = useTheme();
  const box = useRef<HTMLDivElement>(null);
  const dark = typeof document !== 'undefined' && document.documentElement.dataset.scheme === 'dark';
  useEffect(() => {
    const chart = init(box.current!);
    const palette = ((theme as unknown as { colorSchemes?: unknown }).colorSchemes as Record<string, { palette?: { text: { secondary: string }; divider: string } }> | undefined)?.[dark ? 'dark' : 'light']?.palette;
    const text = palette?.text.secondary ?? '#4d5b69';
    const labels = rows.map((row) => format.digits(row.label));
    const option: EChartsCoreOption = {
      textStyle: { fontFamily: theme.typography.fontFamily, color: text },
      tooltip: { trigger: 'axis' },
      legend: { top: 0, textStyle: { color: text } },
      grid: { left: 44, right: 52, top: 36, bottom: 28 },
      xAxis: { type: 'category', data: labels, inverse: theme.direction === 'rtl', axisLabel: { color: text } },
      yAxis: [
        { type: 'value', position: theme.direction === 'rtl' ? 'right' : 'left', minInterval: 1, axisLabel: { color: text, formatter: (value: number) => format.number(value) }, splitLine: { lineStyle: { color: palette?.divider } } },
        { type: 'value', position: theme.direction === 'rtl' ? 'left' : 'right', min: 0, max: 100, axisLabel: { color: text, formatter: (value: number) => format.percent(value * 10) }, splitLine: { show: false } },
      ],
      series: [
        { name: t('reports.answered'), type: 'bar', stack: 'calls', data: rows.map((row) => plain(row.figures.answered) ?? 0), itemStyle: { color: '#0f8b80' }, barMaxWidth: 42 },
        { name: t('reports.abandoned'), type: 'bar', stack: 'calls', data: rows.map((row) => plain(row.figures.abandoned) ?? 0), itemStyle: { color: '#d1495b' }, barMaxWidth: 42 },
        { name: t('reports.service'), type: 'line', yAxisIndex: 1, connectNulls: true, data: rows.map((row) => { const permille = plain(row.figures.service_level_strict); return permille === undefined ? null : permille / 10; }), itemStyle: { color: '#6d5bd0' }, symbolSize: 7 },
      ],
    };
    chart.setOption(option);
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(box.current!);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [rows, format, theme, t, dark]);
  return <div ref={box} dir="ltr" style={{ height: 300 }} role="img" aria-label={t('reports.chart')} />;
}

import Typography from '@mui/material/Typography';
import { useQuery } from '@tanstack/react-query';
import { Panel } from '../../app/parts/parts';
import { SimpleMarkdown } from '../../app/parts/SimpleMarkdown';
import { usePreferences } from '../../app/preferences';
import { useText } from '../../app/texts';
import { guidanceOf } from './api';

// What this queue's people say and ask; the reader's language first, the other one when there is no such text.
export function GuidancePanel({ queue }: { queue: string }) {
  const t = useText();
  const { language } = usePreferences();
  const { data } = useQuery(guidanceOf(queue));
  const text = data && (language === 'fa' ? data.guidance_fa || data.guidance_en : data.guidance_en || data.guidance_fa);
  if (!text) return null;
  return (
    <Panel title={t('desk.guidance')}>
      <Typography component="div" dir="auto">
        <SimpleMarkdown text={text} />
      </Typography>
    </Panel>
  );
}

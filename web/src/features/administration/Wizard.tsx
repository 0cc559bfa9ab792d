// From an empty folder to a first answered call: a queue, a number, an agent with a sign-in, and then one waits for the call together.
import { mdiQrcode } from '@mdi/js';
import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import Stack from '@mui/material/Stack';
import Step from '@mui/material/Step';
import StepContent from '@mui/material/StepContent';
import StepLabel from '@mui/material/StepLabel';
import Stepper from '@mui/material/Stepper';
import TextField from '@mui/material/TextField';
import ToggleButton from '@mui/material/ToggleButton';
import ToggleButtonGroup from '@mui/material/ToggleButtonGroup';
import Typography from '@mui/material/Typography';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { isRefusal } from '../../app/api/client';
import { latinDigits } from '../../app/format';
import { Icon } from '../../app/Icon';
import { Code, Panel, Trouble } from '../../app/parts/parts';
import { useText } from '../../app/texts';
import { addUser, calls, put, resetPassword } from './api';
import { ProvisioningDialog } from './Provisioning';

export function Wizard({ onDone }: { onDone(): void }) {
  const t = useText();
  const client = useQueryClient();
  const [step, setStep] = useState(0);
  const [draft, setDraft] = useState({ queue: 'support', name: t('admin.wizard.queueName'), number: '8000', agent: 'a01', agentName: '', user: 'a01', device: '201', devicePassword: '' });
  const [phone, setPhone] = useState<'browser' | 'phone'>('browser');
  const [password, setPassword] = useState('');
  const [trouble, setTrouble] = useState<unknown>();
  const change = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const next = (what: () => Promise<unknown>) => async (event: FormEvent) => {
    event.preventDefault();
    setTrouble(undefined);
    try {
      await what();
      void client.invalidateQueries({ queryKey: ['settings'] });
      setStep((before) => before + 1);
    } catch (refusal) {
      setTrouble(refusal);
    }
  };
  const field = (name: keyof typeof draft, label: string, options: { auto?: boolean; secret?: boolean; optional?: boolean } = {}) => (
    <TextField label={label} value={draft[name]} required={!options.optional} type={options.secret ? 'password' : 'text'} onChange={(event) => change({ [name]: options.auto ? event.target.value : latinDigits(event.target.value) })} slotProps={{ htmlInput: { dir: options.auto ? 'auto' : 'ltr', autoComplete: 'off' } }} />
  );
  const steps: { title: string; says: string; act: () => Promise<unknown>; body: React.ReactNode }[] = [
    { title: t('admin.wizard.queue'), says: t('admin.wizard.queueSays'), act: () => put('queues', draft.queue, { name: draft.name }), body: <>{field('queue', t('admin.code'))}{field('name', t('field.name'), { auto: true })}</> },
    { title: t('admin.wizard.number'), says: t('admin.wizard.numberSays'), act: () => put('numbers', draft.number, { queue: draft.queue }), body: field('number', t('field.number')) },
    {
      title: t('admin.wizard.agent'),
      says: t('admin.wizard.agentSays'),
      act: async () => {
        await put('agents', draft.agent, { name: draft.agentName, queues: [draft.queue] });
        const given = await addUser({ login: draft.user, role: 'agent', agent: draft.agent }).catch((refusal) => (isRefusal(refusal, 'user-exists') ? resetPassword(draft.user) : Promise.reject(refusal)));
        setPassword(given.password);
      },
      body: <>{field('agent', t('admin.agentCode'))}{field('agentName', t('field.name'), { auto: true, optional: true })}{field('user', t('admin.login'))}</>,
    },
    {
      title: t('admin.wizard.phone'),
      says: t('admin.wizard.phoneSays'),
      act: async () => {
        if (phone === 'browser') return; // its device is made when the agent's page takes the phone
        await put('devices', draft.device, { agent: draft.agent, password: draft.devicePassword });
        await put('agents', draft.agent, { device: draft.device });
      },
      body: (
        <>
          <ToggleButtonGroup exclusive size="small" value={phone} onChange={(_, next: typeof phone | null) => next && setPhone(next)} aria-label={t('admin.wizard.phone')}>
            <ToggleButton value="browser">{t('admin.wizard.byBrowser')}</ToggleButton>
            <ToggleButton value="phone">{t('admin.wizard.byPhone')}</ToggleButton>
          </ToggleButtonGroup>
          {phone === 'phone' && (
            <>
              {field('device', t('admin.wizard.deviceUser'))}
              {field('devicePassword', t('admin.wizard.devicePassword'), { secret: true })}
            </>
          )}
        </>
      ),
    },
  ];
  return (
    <Panel title={t('admin.wizard.title')}>
      <Stepper activeStep={step} orientation="vertical" data-testid="wizard">
        {steps.map((each, index) => (
          <Step key={each.title}>
            <StepLabel>{each.title}</StepLabel>
            <StepContent>
              <Typography sx={{ mb: 2 }}>{each.says}</Typography>
              <Stack component="form" onSubmit={next(each.act)} sx={{ gap: 2, maxWidth: 380 }}>
                {each.body}
                {trouble !== undefined && <Trouble error={trouble} />}
                <Stack direction="row" sx={{ gap: 1 }}>
                  <Button type="submit" variant="contained">
                    {t('admin.wizard.next')}
                  </Button>
                  {index > 0 && <Button onClick={() => setStep(step - 1)}>{t('admin.wizard.back')}</Button>}
                </Stack>
              </Stack>
            </StepContent>
          </Step>
        ))}
        <Step>
          <StepLabel>{t('admin.wizard.call')}</StepLabel>
          <StepContent>
            <Typography>{t('admin.wizard.callSays', { number: draft.number })}</Typography>
            <Box sx={{ my: 1.5 }} data-testid="first-agent">
              {t('admin.wizard.signIn')} <Code>{draft.user}</Code> · {t('admin.password')}: <Code>{password}</Code>
            </Box>
            <CallingPhone />
            <FirstCall onDone={onDone} />
          </StepContent>
        </Step>
      </Stepper>
    </Panel>
  );
}

// Who has no line to a carrier yet calls from a phone of the house: one is made here, and set up by its camera or by hand.
function CallingPhone() {
  const t = useText();
  const [password, setPassword] = useState('');
  const [scanning, setScanning] = useState(false);
  const [trouble, setTrouble] = useState<unknown>();
  const make = () => {
    const made = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => letters[byte % letters.length]).join('');
    put('devices', calling_phone, { name: t('admin.wizard.testPhone'), password: made }).then(() => setPassword(made), setTrouble);
  };
  return (
    <Box sx={{ mb: 2 }}>
      {password === '' ? (
        <Button variant="outlined" onClick={make}>
          {t('admin.wizard.makePhone')}
        </Button>
      ) : (
        <>
          <Typography data-testid="calling-phone">
            {t('admin.wizard.testPhone')}: {t('admin.user')} <Code>{calling_phone}</Code> · {t('admin.password')} <Code>{password}</Code>
          </Typography>
          <Button size="small" startIcon={<Icon path={mdiQrcode} />} onClick={() => setScanning(true)}>
            {t('admin.provisioning')}
          </Button>
        </>
      )}
      {trouble !== undefined && <Trouble error={trouble} />}
      {scanning && <ProvisioningDialog device={calling_phone} onClose={() => setScanning(false)} />}
    </Box>
  );
}

const calling_phone = '900';
const letters = 'abcdefghijkmnpqrstuvwxyz23456789'; // none that looks like another; 32, so that each is as likely

function FirstCall({ onDone }: { onDone(): void }) {
  const t = useText();
  const { data } = useQuery({ queryKey: ['first-call'], queryFn: calls, refetchInterval: 1000 });
  const [answered, setAnswered] = useState(false);
  const talking = data?.find((each) => each.agent !== '' && each.state === 'talking');
  if (talking && !answered) setAnswered(true);
  return (
    <>
      <Alert severity={answered ? 'success' : 'info'}>{t(answered ? 'admin.wizard.answered' : data?.length ? 'admin.wizard.rings' : 'admin.wizard.waits')}</Alert>
      <Button sx={{ mt: 2 }} variant={answered ? 'contained' : 'text'} onClick={onDone}>
        {t('admin.wizard.done')}
      </Button>
    </>
  );
}

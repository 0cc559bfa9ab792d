import SvgIcon, { type SvgIconProps } from '@mui/material/SvgIcon';

// A drawing of @mdi/js. `turns`: it points along the line of text and is mirrored in a right-to-left page.
export function Icon({ path, turns, ...rest }: SvgIconProps & { path: string; turns?: boolean }) {
  return (
    <SvgIcon {...rest} sx={[turns ? { '[dir=rtl] &': { transform: 'scaleX(-1)' } } : {}, ...(Array.isArray(rest.sx) ? rest.sx : [rest.sx])]}>
      <path d={path} />
    </SvgIcon>
  );
}

// All pages. What a page needs is fetched when it is opened; sign-in and the agent's desk come first and light.
import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { isRefusal } from './api/client';
import { Fault } from './ErrorBoundary';
import { may, type Me, meQuery } from './session';
import { Shell } from './Shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { next?: string; ended?: boolean } => ({ next: typeof search.next === 'string' ? search.next : undefined, ended: search.ended === true ? true : undefined }),
  component: lazyRouteComponent(() => import('../features/session/SignInPage'), 'SignInPage'),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    let me: Me;
    try {
      me = await context.queries.ensureQueryData(meQuery);
    } catch (error) {
      if (isRefusal(error) && error.status === 401) throw redirect({ to: '/sign-in', search: { next: location.pathname === '/' ? undefined : location.href } });
      throw error;
    }
    if (me.must_change_password && location.pathname !== '/password') throw redirect({ to: '/password' });
    return { me };
  },
});

const home = createRoute({
  getParentRoute: () => shell,
  path: '/',
  beforeLoad: ({ context: { me } }) => {
    throw redirect({ to: homeOf(me), replace: true });
  },
});

export function homeOf(me: Me): '/desk' | '/floor' | '/administration' | '/account' {
  if (me.role === 'administrator') return '/administration';
  if (me.role === 'agent') return '/desk';
  return may(me, 'see_floor') ? '/floor' : '/account';
}

const page = <Path extends string>(path: Path, component: Parameters<typeof createRoute>[0]['component']) => createRoute({ getParentRoute: () => shell, path, component });

const tree = root.addChildren([
  signIn,
  shell.addChildren([
    home,
    page('/password', lazyRouteComponent(() => import('../features/session/PasswordPage'), 'PasswordPage')),
    page('/account', lazyRouteComponent(() => import('../features/session/AccountPage'), 'AccountPage')),
    page('/desk', lazyRouteComponent(() => import('../features/desk/DeskPage'), 'DeskPage')),
    page('/floor', lazyRouteComponent(() => import('../features/floor/FloorPage'), 'FloorPage')),
    page('/alarms', lazyRouteComponent(() => import('../features/floor/AlarmsPage'), 'AlarmsPage')),
    page('/calls/$call', lazyRouteComponent(() => import('../features/floor/CallPage'), 'CallPage')),
    page('/archive', lazyRouteComponent(() => import('../features/archive/ArchivePage'), 'ArchivePage')),
    page('/archive/$call', lazyRouteComponent(() => import('../features/archive/RecordingPage'), 'RecordingPage')),
    page('/reports', lazyRouteComponent(() => import('../features/reports/ReportsPage'), 'ReportsPage')),
    page('/contacts', lazyRouteComponent(() => import('../features/contacts/ContactsPage'), 'ContactsPage')),
    page('/contacts/$contact', lazyRouteComponent(() => import('../features/contacts/ContactPage'), 'ContactPage')),
    page('/administration', lazyRouteComponent(() => import('../features/administration/AdministrationPage'), 'AdministrationPage')),
    page('/administration/$part', lazyRouteComponent(() => import('../features/administration/AdministrationPage'), 'AdministrationPage')),
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  basepath: '/app',
  context: { queries: undefined! },
  defaultErrorComponent: ({ error, reset }) => <Fault error={error} again={reset} />,
  defaultNotFoundComponent: () => <Fault error="404" />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

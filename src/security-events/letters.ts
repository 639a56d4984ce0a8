import type { SecurityEvent, SecurityEventKind } from './security-event.entity.js';

interface Words {
  readonly subject: string;
  readonly what: string;
  /** What to do for whoever did not do it. */
  readonly otherwise: string;
}

const RESET = 'If it was not you, reset your password: that ends all sessions.';

const WORDS: Readonly<Record<SecurityEventKind, Words>> = {
  'session.new_device': {
    subject: 'New sign-in to your account',
    what: 'Somebody signed in to your account from a device or a network that was not used before.',
    otherwise: RESET,
  },
  'session.reuse_detected': {
    subject: 'A session was ended',
    what: 'A refresh token of yours was used twice, as happens when somebody has stolen it. That session was ended; sign in again.',
    otherwise: 'If you do not know why, reset your password: that ends all sessions.',
  },
  'key.created': {
    subject: 'New API key',
    what: 'An API key was made for your account.',
    otherwise: 'If it was not you, delete the key and reset your password: a key stays valid when sessions end.',
  },
  'key.rotated': {
    subject: 'New secret of an API key',
    what: 'An API key of your account got a new secret. The old one ends.',
    otherwise: 'If it was not you, delete the key and reset your password: a key stays valid when sessions end.',
  },
  'email.changed': {
    subject: 'Your e-mail address was changed',
    what: 'The account that had this address has another one now. No more mail about it will come here.',
    otherwise: 'If it was not you, somebody knows your password: tell whoever runs this service at once.',
  },
  'password.changed': {
    subject: 'Your password was changed',
    what: 'The password of your account was changed, and all other sessions were ended.',
    otherwise: RESET,
  },
  'password.reset': {
    subject: 'Your password was reset',
    what: 'The password of your account was reset by a link in a mail, and all sessions were ended.',
    otherwise:
      'If it was not you, somebody reads your mail: secure your mailbox first, then reset your password again.',
  },
  'mfa.totp_enabled': {
    subject: 'One-time passwords were turned on',
    what: 'Signing in to your account asks for a code of an authenticator from now on.',
    otherwise: 'If it was not you, somebody else has that authenticator: tell whoever runs this service at once.',
  },
  'mfa.totp_disabled': {
    subject: 'One-time passwords were turned off',
    what: 'Signing in to your account does not ask for a code of an authenticator any more.',
    otherwise: RESET,
  },
  'mfa.recovery_codes_created': {
    subject: 'New recovery codes',
    what: 'Ten new recovery codes were made for your account. The old ones are not valid any more.',
    otherwise: RESET,
  },
  'mfa.recovery_code_used': {
    subject: 'A recovery code was used',
    what: 'Somebody signed in to your account with your password and a recovery code.',
    otherwise: RESET,
  },
  'mfa.reset': {
    subject: 'Your second factors were removed',
    what: 'An administrator removed every second factor of your account. Signing in asks for your password alone.',
    otherwise: 'If you did not ask for it, tell whoever runs this service.',
  },
  'passkey.created': {
    subject: 'New passkey',
    what: 'A passkey was added to your account: whoever has its device signs in with it.',
    otherwise:
      'If it was not you, delete the passkey and reset your password: a passkey stays valid when sessions end.',
  },
  'passkey.deleted': {
    subject: 'A passkey was deleted',
    what: 'A passkey of your account was deleted. Nobody signs in with it any more.',
    otherwise: RESET,
  },
  'outside_account.linked': {
    subject: 'New way to sign in',
    what: 'An account elsewhere was linked to your account: whoever can sign in there can sign in here with it.',
    otherwise:
      'If it was not you, unlink it on your account page and reset your password: a link stays valid when sessions end.',
  },
  'outside_account.unlinked': {
    subject: 'A way to sign in was removed',
    what: 'An account elsewhere was unlinked from your account. Nobody signs in with it any more.',
    otherwise: RESET,
  },
};

/** The mail about an event. It has no link: whoever imitates it would have one. */
export function letterOf({ kind, at, userAgent, network }: SecurityEvent): { subject: string; text: string } {
  const { subject, what, otherwise } = WORDS[kind];
  const facts = [
    `Time: ${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    ...(network ? [`Network: ${network}`] : []),
    ...(userAgent ? [`Client: ${userAgent}`] : []),
  ];
  return { subject, text: [what, facts.join('\n'), otherwise].join('\n\n') };
}

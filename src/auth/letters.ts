import type { Letter } from '../mail/outbox.service.js';

/** To the owner of an address that somebody wanted for an account. */
export const takenLetter = ({ id: userId, email: to }: { id: string; email: string }): Letter => ({
  userId,
  to,
  subject: 'You already have an account',
  text: [
    'Somebody, perhaps you, tried to make an account with this address. You already have one: log in with it.',
    'If it was not you, there is nothing to do. They were told nothing about your account.',
  ].join('\n\n'),
});

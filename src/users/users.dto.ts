import { ApiProperty } from '@nestjs/swagger';
import { Email, field, type FieldOptions, IntegerParameter, isText, OneOf, SomeOf, Text } from '../security/fields.js';
import { type Role, roles } from '../security/scopes.js';
import { type User, type UserStatus, userStatuses } from './user.entity.js';

/** 3 to 50 characters a person can see: no control, format or line characters, no space at either end. */
const Username = (options?: FieldOptions) =>
  field(
    {
      name: 'username',
      detail: 'Must be 3 to 50 visible characters without a space at either end.',
      accepts: (value) => isText(value, 3, 50) && value === value.trim() && !/[\p{C}\p{Zl}\p{Zp}]/u.test(value),
      schema: { type: String, minLength: 3, maxLength: 50 },
    },
    options,
  );

export { Username };

/** A person changes only what is theirs to change. `null` removes. */
export class UpdateMe {
  @Username({ optional: true, nullable: true })
  username?: string | null;

  @Text(1, 100, { optional: true, nullable: true })
  displayName?: string | null;
}

export class InviteUser {
  @Email()
  email: string;

  @Username({ optional: true })
  username?: string;

  @Text(1, 100, { optional: true })
  displayName?: string;

  @SomeOf(roles, { optional: true })
  roles?: Role[];
}

export class UpdateUser {
  @SomeOf(roles, { optional: true })
  roles?: Role[];

  @OneOf(['active', 'disabled'], { optional: true })
  status?: 'active' | 'disabled';
}

export const userSorts = ['createdAt', '-createdAt'] as const;

export class ListUsers {
  @OneOf(roles, { optional: true })
  role?: Role;

  @OneOf(userStatuses, { optional: true })
  status?: UserStatus;

  @Text(1, 254, { optional: true, description: 'Part of the e-mail address or username, without regard to case.' })
  q?: string;

  @OneOf(userSorts, { optional: true })
  sort?: (typeof userSorts)[number];

  @IntegerParameter(1, 100, { optional: true })
  limit?: string;

  @Text(1, 2048, { optional: true })
  cursor?: string;
}

/** What anybody who may see a user sees: a list of members, so that a new column stays inside until it is added here. */
export class UserView {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'email' })
  email: string;

  @ApiProperty()
  emailVerified: boolean;

  @ApiProperty({ type: String, nullable: true })
  username: string | null;

  @ApiProperty({ type: String, nullable: true })
  displayName: string | null;

  @ApiProperty({ type: [String], enum: roles })
  roles: Role[];

  @ApiProperty({ enum: userStatuses })
  status: UserStatus;

  @ApiProperty()
  createdAt: Date;

  @ApiProperty()
  updatedAt: Date;

  static from(user: User): UserView {
    const { id, email, username, displayName, roles: held, status, createdAt, updatedAt } = user;
    const emailVerified = user.emailVerifiedAt !== null;
    return { id, email, emailVerified, username, displayName, roles: held, status, createdAt, updatedAt };
  }
}

export class UserPage {
  @ApiProperty({ type: [UserView] })
  items: UserView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null at the end of the list. A page may be short where few of many users have what is searched for.',
  })
  nextCursor: string | null;
}

export class InvitedUser extends UserView {
  @ApiProperty({
    required: false,
    description: 'Shown once, and outside production only: there it goes by mail alone.',
  })
  invitationUrl?: string;
}

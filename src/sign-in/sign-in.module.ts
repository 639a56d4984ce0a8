import { Module, type OnModuleInit } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { ProblemFilter, type Wording } from '../errors/problem.filter.js';
import { MfaModule } from '../mfa/mfa.module.js';
import { OAuthModule } from '../oauth/oauth.module.js';
import { OutsideProvidersModule } from '../outside-providers/outside-providers.module.js';
import { PAGE_PATHS } from '../security/page-paths.js';
import { pageHeaders } from '../security/security-headers.js';
import { UsersModule } from '../users/users.module.js';
import { ConfirmPages } from './confirm-pages.service.js';
import { ConfirmController } from './confirm.controller.js';
import { ConsentController } from './consent.controller.js';
import { FormInputs } from './form-inputs.js';
import { OutsideSignInController } from './outside-sign-in.controller.js';
import { problemPage } from './problem-page.js';
import { SignInController } from './sign-in.controller.js';
import { SignInService } from './sign-in.service.js';
import { WaitingApplications } from './waiting.service.js';

const asPage: Wording = (problem, request) => ({
  body: problemPage(problem, request),
  headers: pageHeaders(),
});

@Module({
  imports: [AuthModule, MfaModule, OAuthModule, OutsideProvidersModule, UsersModule],
  controllers: [ConfirmController, ConsentController, OutsideSignInController, SignInController],
  providers: [ConfirmPages, FormInputs, SignInService, WaitingApplications],
})
export class SignInModule implements OnModuleInit {
  constructor(private readonly problems: ProblemFilter) {}

  onModuleInit(): void {
    this.problems.word('page', asPage, PAGE_PATHS);
  }
}

import { Body, Controller, HttpCode, Post, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { recoveryCodesView } from '../pages/recovery-codes.view.js';
import { RegisterPasskey } from '../passkeys/passkeys.dto.js';
import { PasskeysService } from '../passkeys/passkeys.service.js';
import { Public } from '../security/access.decorators.js';
import { Page } from '../security/input.decorators.js';
import { jsonField } from '../security/form-body.js';
import { RecordId } from '../security/record-id.js';
import { StrictValidationPipe } from '../security/validation.pipe.js';
import { PageForm } from '../security/page-form.js';
import { CurrentVisit, type Visit } from '../security/visit.js';
import { AccountVisits, WAY_IN } from './account-visits.service.js';
import { NewPasskeyForm } from './account.dto.js';

/** Passkeys on the page of an account. */
@ApiExcludeController()
@Controller({ path: 'account/passkeys', version: VERSION_NEUTRAL })
export class PasskeysPageController {
  constructor(
    private readonly visits: AccountVisits,
    private readonly passkeys: PasskeysService,
    private readonly pipe: StrictValidationPipe,
  ) {}

  /** For the script, before it asks the browser. */
  @Post('options')
  @HttpCode(200)
  @Public()
  @Page()
  options(@CurrentVisit() visit: Visit, @Body() form: NewPasskeyForm): Promise<string> {
    return this.visits.act(visit, form, { ...WAY_IN, isScript: true }, async (person) =>
      visit.json(await this.passkeys.registrationOptions(person)),
    );
  }

  @Post()
  @HttpCode(200)
  @Public()
  @Page()
  add(@CurrentVisit() visit: Visit, @Body() form: NewPasskeyForm): Promise<string> {
    return this.visits.act(visit, form, WAY_IN, async (person) => {
      const response = jsonField('response', form.response);
      const input = this.pipe.transform({ name: form.name, response }, { type: 'body', metatype: RegisterPasskey });
      const { recoveryCodes } = await this.passkeys.register(person, input as RegisterPasskey, visit.device);
      return recoveryCodes ? visit.page(recoveryCodesView({ codes: recoveryCodes, next: '/account' })) : undefined;
    });
  }

  @Post(':id/end')
  @HttpCode(200)
  @Public()
  @Page()
  end(@CurrentVisit() visit: Visit, @RecordId() id: string, @Body() form: PageForm): Promise<string> {
    return this.visits.act(visit, form, WAY_IN, (person) => this.passkeys.delete(person, id, visit.device));
  }
}

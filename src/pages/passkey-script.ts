/**
 * Shows the forms marked `data-passkey` where the browser knows passkeys, and fills in their field `response`. What crosses between
 * JSON and bytes is written out (WebAuthn Level 3 section 5.1.8): the browser's own functions for it are younger than passkeys.
 * Where options are refused, to who has to show who is there or in a page that is out of date, the form is sent without an answer: whoever
 * gets it says what is missing, as after any form.
 */
export const passkeyScript = `(() => {
  'use strict';
  const api = navigator.credentials;
  if (!window.PublicKeyCredential || !api) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (each) => each.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join(''))
      .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
  const listed = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  const fromJson = (json) => ({
    ...json,
    challenge: bytes(json.challenge),
    ...(json.user && { user: { ...json.user, id: bytes(json.user.id) } }),
    ...(json.allowCredentials && { allowCredentials: listed(json.allowCredentials) }),
    ...(json.excludeCredentials && { excludeCredentials: listed(json.excludeCredentials) }),
  });

  const toJson = (credential) => {
    const { response } = credential;
    const json = {};
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'])
      if (response[name] && response[name].byteLength) json[name] = text(response[name]);
    if (response.attestationObject) json.transports = response.getTransports ? response.getTransports() : [];
    return {
      id: credential.id,
      rawId: credential.id,
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: json,
    };
  };

  const optionsOf = async (form) => {
    const { options, optionsUrl } = form.dataset;
    if (options) return JSON.parse(options);
    const answer = await fetch(optionsUrl, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    if (answer.status === 401 || answer.status === 403) return null;
    if (!answer.ok) throw new Error('no options');
    return answer.json();
  };

  const SENTENCES = {
    NotAllowedError: 'Nothing was sent: you cancelled, or it took too long. You can try again.',
    InvalidStateError: 'This device already has a passkey for your account.',
    SecurityError: 'Passkeys do not work at this address.',
  };
  const FAILED = 'That did not work. Try again, or use another way.';

  for (const each of document.querySelectorAll('[data-no-passkey]')) each.hidden = true;

  let waiting;
  const run = async (form, mediation) => {
    if (waiting) waiting.abort();
    const { signal } = (waiting = new AbortController());
    const options = await optionsOf(form);
    if (!options) return form.submit();
    const publicKey = fromJson(options);
    const credential = await api[form.dataset.passkey]({ publicKey, signal, ...(mediation && { mediation }) });
    form.elements.response.value = JSON.stringify(toJson(credential));
    form.submit();
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    const message = form.querySelector('[data-passkey-message]');
    const button = form.querySelector('button');
    form.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (button.ariaBusy === 'true') return;
      button.ariaBusy = 'true';
      message.textContent = '';
      await run(form).catch((error) => (message.textContent = SENTENCES[error.name] || FAILED));
      button.ariaBusy = 'false';
    });
    if (form.dataset.autofill && PublicKeyCredential.isConditionalMediationAvailable)
      PublicKeyCredential.isConditionalMediationAvailable()
        .then((possible) => possible && run(form, 'conditional'))
        .catch(() => {});
  }
})();
`;

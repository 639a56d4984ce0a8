/** Where people are sent with their browsers, and programs have nothing to look for; addresses that no route has too. */
export const PAGE_PATHS = /^\/(?:account|consent|device|login|oauth\/(?:authorize|device|logout))(?=[/?]|$)/;

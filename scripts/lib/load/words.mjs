// @ts-check

export const FIRST_NAMES = (
  'Ada Alan Amina Ana Anton Aoife Bao Beatriz Carlos Chen Chloé Daan Dilan Elif Emma Eva Farid Fatima Finn Giulia Grace ' +
  'Hana Hugo Ines Isla Ivan Jamal Jonas José Julia Kaito Karin Lars Leila Lena Liam Lucía Maja Mateo Mei Mia Mohammed ' +
  'Nadia Nia Noah Nora Olga Omar Oskar Paula Pavel Priya Rafael Rosa Samir Sara Søren Sofia Tariq Tom Uma Vera Yuki Zoë'
).split(' ');

export const LAST_NAMES = (
  'Abe Almeida Andersen Bakker Bauer Becker Bianchi Carter Castro Costa Demir Diaz Dubois Evans Fischer Garcia Haddad ' +
  'Hansen Hernández Hoffmann Ito Ivanova Jansen Jensen Kaya Keller Khan Kim Kowalski Kumar Larsen Lefèvre Li López Martin ' +
  'Meyer Müller Nakamura Nguyen Novak Nowak Okafor Olsen Patel Pereira Petrov Rossi Ruiz Santos Sato Schmidt Silva Singh ' +
  'Smith Suzuki Tanaka Torres Vargas Virtanen Wagner Walker Wang Weber Wójcik Yilmaz Zhang'
).split(' ');

export const KINDS = (
  'Invoice Report Contract Offer Order Minutes Budget Plan Forecast Receipt Policy Draft Letter Survey Checklist Inventory ' +
  'Specification Agreement Roadmap Review Übersicht Résumé Протокол 見積書'
).split(' ');

export const SUBJECTS = (
  'Atlas Borealis Cedar Delta Ember Falcon Granite Harbour Iris Juniper Kestrel Lagoon Meridian Nimbus Orchard Pioneer ' +
  'Quartz Ridge Summit Tundra Umbra Vertex Willow Xenon Yonder Zephyr'
).split(' ');

export const TAGS = (
  'finance legal sales people travel urgent draft final archive q1 q2 q3 q4 audit customer supplier project internal ' +
  'press research design support security hiring'
).split(' ');

export const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
];

export const TEXT =
  'The figures of the quarter are in the table below. Two suppliers answered late, one has asked for other terms. ' +
  'Please look at the third paragraph before Friday, and say whether the dates can be kept. ';

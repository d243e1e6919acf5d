// Fills in the day where the reader is: the server only knows what day it is where the server is.
"use strict";

for (const field of document.querySelectorAll("input[data-today]")) {
  const now = new Date();
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60000);
  // A browser that comes back to a page has put what was typed there again.
  if (field.value === field.defaultValue) field.value = local.toISOString().slice(0, 10);
}

// The smallest thing that can ask the gateway a question: no library, no build step.
const TOKEN = 'headcount:token';
const field = (id) => document.getElementById(id);

field('token').value = sessionStorage.getItem(TOKEN) ?? '';
field('request').addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});

async function run() {
  const token = field('token').value.trim();
  sessionStorage.setItem(TOKEN, token);
  show('Asking …');
  try {
    const variables = field('variables').value.trim();
    const response = await fetch(new URL('./graphql', location.href), {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query: field('query').value, ...(variables && { variables: JSON.parse(variables) }) }),
    });
    show(pretty(await response.text()));
  } catch (error) {
    show(`Not sent, or not answered: ${error.message}`);
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(text) {
  field('answer').textContent = text;
}

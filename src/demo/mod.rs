//! A simulated Atlassian, reached only over HTTP: it speaks JSON and shares no type with the client it answers.

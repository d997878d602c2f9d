// A process that does nothing but say so.
process.send!('');
process.disconnect();

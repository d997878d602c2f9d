import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Chosen } from './chosen.ts';

const scenes = ['savanna', 'lake', 'kitchen'];

/** Ways to choose a picture: drop, paste, a file, or one of the scenes that come with the page. */
export function Pick({ onPick }: { readonly onPick: (chosen: Chosen) => void }): JSX.Element {
  const [trouble, setTrouble] = useState('');
  const take = (file: Blob, name: string): void => {
    setTrouble('');
    open(file, name).then(onPick, (error: unknown) => setTrouble((error as Error).message));
  };
  const pickScene = (name: string): void => {
    fetch(`./scenes/${name}.png`)
      .then((response) => response.blob())
      .then(
        (blob) => take(blob, `The ${name}`),
        () => setTrouble('The server cannot be reached. Is vitamin serve still running?'),
      );
  };
  useEffect(() => {
    pickScene(scenes[0]!);
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (event.type === 'drop' && file) take(file, file.name);
    };
    const paste = (event: ClipboardEvent): void => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (file) take(file, 'The pasted picture');
    };
    addEventListener('dragover', drop);
    addEventListener('drop', drop);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragover', drop);
      removeEventListener('drop', drop);
      removeEventListener('paste', paste);
    };
  }, []);
  return (
    <div class="pick">
      <label class="button">
        Choose a picture
        <input
          type="file"
          accept="image/*"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? [];
            if (file) take(file, file.name);
          }}
        />
      </label>
      {scenes.map((name) => (
        <button type="button" class="scene" key={name} aria-label={`The ${name}`} onClick={() => pickScene(name)}>
          <img src={`./scenes/${name}.png`} alt="" width="80" height="60" />
        </button>
      ))}
      {trouble && <p class="error">{trouble}</p>}
    </div>
  );
}

async function open(file: Blob, name: string): Promise<Chosen> {
  const data = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => resolve(reader.result as string));
    reader.addEventListener('error', () => reject(new Error(`${name} cannot be read.`)));
    reader.readAsDataURL(file);
  });
  return { name, url: data, source: { image: data } };
}

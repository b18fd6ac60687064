/* The files that Python sees: a run changes those in its own folders, and no other. */

const WRITE = 0o222;

export class Files {
  /** `own` are the folders that a run may fill, and that are empty before it. */
  constructor(fs, own) {
    this.fs = fs;
    this.own = own;
    this.streams = new Set();
    // What is read-only stays so.
    for (const name of ["chmod", "lchmod", "fchmod"]) fs[name] = () => {};
    own.forEach((folder) => fs.mkdirTree(folder));
  }

  /** Lets what is done change all of them. */
  change(act) {
    this.fs.ignorePermissions = true;
    try {
      return act();
    } finally {
      this.fs.ignorePermissions = false;
    }
  }

  write(path, content) {
    this.change(() => {
      this.fs.mkdirTree(path.slice(0, path.lastIndexOf("/")));
      this.fs.writeFile(path, content);
    });
  }

  /** From now on a folder, and Python itself, are as they are. */
  keep(folder) {
    for (const path of [folder, "/lib"]) this.lock(this.fs.lookupPath(path).node, path);
    this.streams = new Set(this.fs.streams);
  }

  lock(node, path) {
    if (this.own.includes(path)) return;
    node.mode &= ~WRITE;
    if (!this.fs.isDir(node.mode)) return;
    for (const [name, each] of Object.entries(node.contents)) this.lock(each, `${path}/${name}`);
  }

  /** Removes what a run has left, and closes what it has open. */
  reset() {
    for (const stream of this.fs.streams) {
      if (stream && !this.streams.has(stream)) this.fs.close(stream);
    }
    this.fs.chdir(this.own[0]);
    this.change(() => this.own.forEach((folder) => this.clear(folder)));
  }

  clear(folder) {
    for (const name of this.fs.readdir(folder)) {
      if (name === "." || name === "..") continue;
      const path = `${folder}/${name}`;
      if (this.fs.isDir(this.fs.lstat(path).mode)) {
        this.clear(path);
        this.fs.rmdir(path);
      } else {
        this.fs.unlink(path);
      }
    }
  }
}

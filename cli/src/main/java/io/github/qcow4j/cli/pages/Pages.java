package io.github.qcow4j.cli.pages;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Writes what a folder's {@code share} holds, each file where its reader looks for it. */
public final class Pages {

  private final Volume volume;
  private final Path share;

  private Pages(Volume volume, Path share) {
    this.volume = volume;
    this.share = share;
  }

  /**
   * Writes all of it.
   *
   * @param arguments the directory, which is made when it is not there, and the program's version
   */
  public static void main(String[] arguments) throws IOException {
    Console console =
        new Console(Personality.QCOW4J, System.out, System.err, Map.of(), Volumes::host);
    CommandPage program = CommandTree.of(console);
    String name = program.name();
    Pages pages = new Pages(Volumes.host(), Path.of(arguments[0]));
    pages.write("bash-completion/completions/" + name, BashCompletion.of(program));
    pages.write("zsh/site-functions/_" + name, ZshCompletion.of(program));
    pages.write("fish/vendor_completions.d/" + name + ".fish", FishCompletion.of(program));
    for (CommandPage page : program.all()) {
      pages.write("man/man1/" + ManPage.fileName(page), ManPage.of(page, arguments[1]));
    }
  }

  private void write(String name, String text) throws IOException {
    Path path = share.resolve(name);
    makeDirectory(Objects.requireNonNull(path.getParent()));
    try (BlockFile file = volume.open(path, OpenOptions.creatingIfMissing())) {
      file.truncate(0);
      file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), 0);
    }
  }

  private void makeDirectory(Path directory) throws IOException {
    if (!volume.exists(directory)) {
      makeDirectory(Objects.requireNonNull(directory.getParent()));
      volume.createDirectory(directory);
    }
  }
}

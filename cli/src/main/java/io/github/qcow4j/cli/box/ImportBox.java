package io.github.qcow4j.cli.box;

import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.model.Created;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box import}. */
@Command(
    name = "import",
    description = "Makes a stopped box of an archive, once all of it is known to be sound.")
final class ImportBox extends BoxAction {

  @Parameters(
      paramLabel = "FILE|-",
      description = "a .boxlite archive of version 1 to 5, or of ours; - is standard input")
  private String archive = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "the new box's name; else what the archive says")
  private @Nullable String name;

  @Option(
      names = "--max-size",
      paramLabel = "SIZE",
      description = "refuse disks that are larger together; 1T if not given")
  private @Nullable String maxSize;

  ImportBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    Created created = imported(home, session().startJob());
    session()
        .answer(
            BoxText.made(created),
            json -> {
              BoxJson.box(json, created.box());
              BoxJson.method(json, created.method());
            });
    return 0;
  }

  private Created imported(BoxHome home, JobControl control) throws IOException {
    IntakeLimits limits = Session.limits(maxSize);
    if (!archive.equals("-")) {
      Path file = Session.file(archive);
      return home.importArchive(
          new ArchiveSource.FromFile(session().console().volume(), file), name, limits, control);
    }
    try (StandardInput input = new StandardInput(System.in, control)) {
      return home.importArchive(new ArchiveSource.FromChannel(input), name, limits, control);
    }
  }
}

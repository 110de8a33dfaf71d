package io.github.qcow4j.cli.box;

import io.github.qcow4j.cli.output.SizeFormat;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.ArchiveResult;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.directory.DirectoryResult;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.ExportRequest;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code box export}. */
@Command(
    name = "export",
    description = "Writes a stopped box, or a snapshot, to an archive or a directory.")
final class ExportBox extends BoxAction {

  private static final String STANDARD_OUTPUT = "-";

  @Parameters(paramLabel = "BOX", description = "the box")
  private String box = "";

  @Option(
      names = "--snapshot",
      paramLabel = "SNAP",
      description = "this snapshot, in place of the live disks")
  private @Nullable String snapshot;

  @ArgGroup(multiplicity = "1")
  private Target target = new Target();

  /** Where it goes. */
  static final class Target {
    @Option(
        names = "-o",
        paramLabel = "FILE|DIR|-",
        description = "an archive; in a directory it is called NAME.boxlite; - is standard output")
    private @Nullable String archive;

    @Option(
        names = "--to-dir",
        paramLabel = "DIR",
        description =
            "a directory, new or empty, whose snapshot.json is written last; it has no digest of a"
                + " file of more than 64 MiB that shares its storage with the box")
    private @Nullable String directory;
  }

  @Option(
      names = "--compress",
      paramLabel = "HOW",
      description = "zstd, lz4 or none; zstd if not given, which BoxLite reads, as it does none")
  private String compress = Compression.ZSTD.label();

  @Option(names = "--level", paramLabel = "N", description = "how hard to compress")
  private @Nullable Integer level;

  ExportBox(Session session) {
    super(session);
  }

  @Override
  int act(BoxHome home) throws IOException {
    String archive = target.archive;
    JobControl control = session().startJob();
    if (archive == null) {
      Path directory = Session.path(String.valueOf(target.directory));
      DirectoryResult result = home.exportDirectory(box, snapshot, directory, control);
      session()
          .answer(
              result.directory() + "\n",
              json -> {
                json.member("path", result.directory().toString());
                BoxJson.method(json, result.method());
              });
      return 0;
    }
    boolean stream = archive.equals(STANDARD_OUTPUT);
    if (stream && session().isJson()) {
      throw new InvalidRequestException("standard output takes either the archive or the answer");
    }
    ArchiveResult result = home.export(request(), destination(archive), control);
    if (!stream) {
      session()
          .answer(
              result.path() + ", " + SizeFormat.of(result.archiveBytes()) + "\n",
              json -> {
                json.member("path", String.valueOf(result.path()))
                    .member("size_bytes", result.archiveBytes())
                    .member("version", result.manifest().version());
                BoxJson.method(json, CopyMethod.USER_COPY);
              });
    }
    return 0;
  }

  private ExportRequest request() throws InvalidRequestException {
    for (Compression each : Compression.values()) {
      if (each.label().equals(compress)) {
        int wanted = level == null ? each.defaultLevel() : level;
        if (!each.hasLevel(wanted)) {
          throw new InvalidRequestException(
              each.maxLevel() == 0
                  ? compress + " has no levels"
                  : compress + " has no level " + wanted + "; its highest is " + each.maxLevel());
        }
        return new ExportRequest(box, snapshot, each, wanted);
      }
    }
    throw new InvalidRequestException("'" + compress + "' is none of zstd, lz4 and none");
  }

  private ArchiveDestination destination(String archive) throws IOException {
    if (archive.equals(STANDARD_OUTPUT)) {
      return new ArchiveDestination.ToChannel(session().console().binary().channel());
    }
    Volume volume = session().console().volume();
    Path path = Session.path(archive);
    boolean folder = volume.exists(path) && volume.status(path).kind() == FileKind.DIRECTORY;
    if (!folder && archive.endsWith("/")) {
      throw new NoSuchFileException(archive);
    }
    return folder
        ? new ArchiveDestination.ToFolder(volume, path, RenameMode.NO_REPLACE)
        : new ArchiveDestination.ToFile(volume, path, RenameMode.NO_REPLACE);
  }
}

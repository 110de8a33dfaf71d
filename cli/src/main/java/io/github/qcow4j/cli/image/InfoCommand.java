package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.Option;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.cli.output.JsonWriter;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.inspect.ChainSurvey;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code info}: what an image says of itself. Opens nothing but the named file unless asked to. */
public final class InfoCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "info",
          "FILE",
          "Shows what an image says of itself; no other file is opened unless the chain is asked"
              + " for",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              Option.flag("backing-chain", "show all images of the chain"),
              Option.flag("limits", "accepted; has no effect"),
              Option.value('t', "cache", "CACHE", "accepted; has no effect"),
              ImageAccess.FORCE_SHARE,
              OutputFormat.OPTION,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private String output = "human";
  private boolean wholeChain;

  /**
   * @param console what surrounds the call
   */
  public InfoCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "output" -> output = value;
      case "backing-chain" -> wholeChain = true;
      case "limits" -> {}
      case "cache" -> access.requireCacheMode("cache", value);
      default -> access.accept(option, value);
    }
  }

  @Override
  protected int execute(List<String> operands) throws UsageException, CommandFailure, IOException {
    if (operands.size() != 1) {
      throw UsageException.wrongForm("Expecting one image file name");
    }
    OutputFormat outputFormat = OutputFormat.of(output);
    ImageName name = access.name(operands.getFirst(), format);
    List<ImageFacts> images = wholeChain ? chain(name) : List.of(single(name));
    switch (outputFormat) {
      case HUMAN -> printHuman(images);
      case JSON -> printJson(images);
    }
    return 0;
  }

  private ImageFacts single(ImageName name) throws CommandFailure {
    try {
      return new ImageFacts(
          name.file(),
          ImageInspector.inspect(console().volume(), name.path(), access.options(name)));
    } catch (IOException e) {
      throw console().errorText().couldNotOpen(1, name.given(), e);
    }
  }

  private List<ImageFacts> chain(ImageName name) throws UsageException, CommandFailure {
    List<ImageFacts> images = new ArrayList<>();
    for (SurveyedLayer layer :
        ChainSurvey.survey(
            console().volume(), name.path(), access.policy(), access.options(name))) {
      switch (layer) {
        case SurveyedLayer.Present present -> images.add(facts(name, images, present.summary()));
        case SurveyedLayer.Absent absent -> throw failure(name, images, absent);
      }
    }
    return images;
  }

  private static ImageFacts facts(ImageName name, List<ImageFacts> above, ImageSummary summary) {
    return new ImageFacts(above.isEmpty() ? name.file() : summary.path().toString(), summary);
  }

  /** A loop is told as such; everything else as the failure to open the layer. */
  private CommandFailure failure(
      ImageName name, List<ImageFacts> above, SurveyedLayer.Absent absent) {
    IOException reason = absent.failure();
    if (reason instanceof CorruptImageException loop
        && loop.structure().equals("backing file name")) {
      return new CommandFailure(1, console().errorText().reason(loop), null, loop);
    }
    String shown = above.isEmpty() ? name.given() : absent.name();
    return console().errorText().couldNotOpen(1, shown, reason);
  }

  private void printHuman(List<ImageFacts> images) {
    InfoText text = new InfoText(console().out());
    String separator = "";
    for (ImageFacts image : images) {
      console().out().print(separator);
      text.print(image);
      separator = "\n";
    }
  }

  private void printJson(List<ImageFacts> images) {
    JsonWriter json = new JsonWriter(console().out());
    InfoJson info = new InfoJson(json);
    if (wholeChain) {
      json.array();
    }
    for (ImageFacts image : images) {
      info.write(image);
    }
    if (wholeChain) {
      json.end();
    }
    console().out().print(json + "\n");
  }
}

package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Command;
import io.github.qcow4j.cli.console.CommandFailure;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.option.OptionTable;
import io.github.qcow4j.cli.option.UsageException;
import io.github.qcow4j.qcow2.inspect.ChainSurvey;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer.DataFile;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code chain}: an image and what it stands on, as a tree. A layer that is missing or denied is
 * shown as such; the exit code is 1 then.
 */
public final class ChainCommand extends Command {

  private static final Description DESCRIPTION =
      new Description(
          "chain",
          "FILE",
          "Shows an image and all files it stands on, with sizes and formats, and what is missing",
          OptionTable.of(
              ImageAccess.FORMAT,
              ImageAccess.IMAGE_OPTS,
              ImageAccess.FORCE_SHARE,
              OutputFormat.OPTION,
              ImageAccess.OBJECT,
              ImageAccess.REFERENCES,
              ImageAccess.MAX_CHAIN,
              ImageAccess.MAX_SIZE));

  private final ImageAccess access;
  private @Nullable String format;
  private String output = "human";

  /**
   * @param console what surrounds the call
   */
  public ChainCommand(Console console) {
    super(console, DESCRIPTION);
    this.access = new ImageAccess(console, 1);
  }

  @Override
  protected void accept(String option, String value) throws UsageException, CommandFailure {
    switch (option) {
      case "format" -> format = value;
      case "output" -> output = value;
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
    List<SurveyedLayer> layers =
        ChainSurvey.survey(console().volume(), name.path(), access.policy(), access.options(name));
    if (layers.getFirst() instanceof SurveyedLayer.Absent absent) {
      throw console().errorText().couldNotOpen(1, name.given(), absent.failure());
    }
    String text =
        switch (outputFormat) {
          case HUMAN -> new ChainTree(console().errorText()).of(layers);
          case JSON -> new ChainJson(console().errorText()).of(layers);
        };
    console().out().print(text);
    return isComplete(layers) ? 0 : 1;
  }

  private static boolean isComplete(List<SurveyedLayer> layers) {
    for (SurveyedLayer layer : layers) {
      switch (layer) {
        case SurveyedLayer.Absent absent -> {
          return false;
        }
        case SurveyedLayer.Present present -> {
          DataFile dataFile = present.dataFile();
          if (dataFile != null && dataFile.failure() != null) {
            return false;
          }
        }
      }
    }
    return true;
  }
}

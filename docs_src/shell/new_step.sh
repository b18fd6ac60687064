scripts/update
scripts/test tests/docs
scripts/docs --watch

@echo off
rem For a double click on Windows: makes .venv, installs what the app needs, opens the page.
setlocal
cd /d "%~dp0"
title ResNet fine-tuning

set "PYTHON="
for %%V in (3.13 3.12 3.11 3.14) do (
  if not defined PYTHON py -%%V -c "import venv" >nul 2>&1 && set "PYTHON=py -%%V"
)
if not defined PYTHON (
  python -c "import sys, venv; sys.exit(sys.version_info < (3, 11))" >nul 2>&1 && set "PYTHON=python"
)
if not defined PYTHON (
  echo Python 3.11 or newer is needed. Install it from the Microsoft Store ^(search for "Python 3.12"^),
  echo then double-click start.bat again.
  goto :failed
)

rem The copies in .venv say what was installed last: a second start is at once, changed requirements are installed.
fc /b requirements.txt .venv\requirements.txt >nul 2>&1 && fc /b constraints.txt .venv\constraints.txt >nul 2>&1 && goto :open

rem Windows' usual PyTorch cannot use a GPU. Where NVIDIA's driver is, uv finds the PyTorch that suits it. UV_TORCH_BACKEND chooses
rem another, such as cpu. Not tried on a real machine yet.
set "GPU="
where nvidia-smi >nul 2>&1 && set "GPU=yes"
if /i "%UV_TORCH_BACKEND%"=="cpu" set "GPU="
if not defined UV_TORCH_BACKEND set "UV_TORCH_BACKEND=auto"
set "NEEDED=4"
if defined GPU set "NEEDED=10"
%PYTHON% -c "import shutil, sys; sys.exit(shutil.disk_usage('.').free < %NEEDED% * 10**9)" || (
  echo The installation takes up to %NEEDED% GB, and less than that is free on this disk: make room, then start again.
  goto :failed
)

if exist .venv\unfinished rmdir /s /q .venv
.venv\Scripts\python.exe -m pip --version >nul 2>&1 || (
  echo Making .venv, a place for the app's own packages.
  %PYTHON% -m venv --clear .venv || (
    echo The folder .venv could not be made here. Move the app to a folder that you may write to, such as Documents.
    goto :failed
  )
)
type nul >.venv\unfinished

if not defined GPU goto :packages
echo Fetching the PyTorch that can use your GPU, 2 to 3 GB ...
.venv\Scripts\python.exe -m pip install --disable-pip-version-check uv && (
  .venv\Scripts\python.exe -m uv pip install --python .venv --upgrade torch torchvision -c constraints.txt
) || (
  echo That did not work, so the app will train without the GPU, which is slower. The reason stands above.
)

:packages
echo Installing. The first time this downloads some hundred megabytes and takes some minutes.
.venv\Scripts\python.exe -m pip install --disable-pip-version-check -r requirements.txt -c constraints.txt || (
  echo The installation did not finish. Check the internet connection, then start again:
  echo what was downloaded is kept.
  goto :failed
)
del .venv\unfinished
copy /y requirements.txt .venv\requirements.txt >nul
copy /y constraints.txt .venv\constraints.txt >nul

:open
echo Opening the page in your browser. Close this window to close the page; a training that is going on is not lost.
.venv\Scripts\python.exe app.py || (
  echo The page stopped with an error: the reason stands above.
  goto :failed
)
exit /b 0

:failed
echo.
pause
exit /b 1
